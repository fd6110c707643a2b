"""What the benchmarks of whole recipes share: jobs that take turns, and what is said of their speeds."""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import machine
import tensorflow as tf

Speeds = dict[str, list[float]]
OURS, THEIRS = "zoo", "Keras"


def keras_layer(cell: str) -> type[keras.layers.RNN]:
    """Returns the layer of Keras that a cell is measured beside: its own, or LSTM where Keras has none."""
    return {"elman": keras.layers.SimpleRNN, "gru": keras.layers.GRU}.get(cell, keras.layers.LSTM)


class EpochClock(keras.callbacks.Callback):
    """Measures one epoch, from before its first batch is fetched to after its last step."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Starts."""
        self.begun = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Stops."""
        self.seconds = time.perf_counter() - self.begun


def measure(jobs: Mapping[str, Callable[[int], float]], number: int, rounds: int) -> Speeds:
    """Runs every job once untimed and then in turns; returns records a second of every round.

    Args:
        jobs: By name; each takes the round's number and returns its seconds.
        number: Records of a job.
        rounds: Timed rounds.
    """
    for job in jobs.values():
        job(0)
    # A full collection walks through all that TensorFlow and Keras have left on the heap: seconds where memory is
    # short, charged to whoever happens to run. From here on only what the jobs themselves leave is collected.
    gc.collect()
    gc.freeze()
    speeds: Speeds = {name: [] for name in jobs}
    for turn in range(1, rounds + 1):
        for name, job in jobs.items():
            speeds[name].append(number / job(turn))
    return speeds


def ratios(speeds: Speeds, verb: str) -> list[float]:
    """Returns how many times as fast ours is as theirs, a number a round."""
    return [ours / theirs for ours, theirs in zip(speeds[f"{OURS} {verb}"], speeds[f"{THEIRS} {verb}"], strict=True)]


def devices() -> list[str]:
    """Returns what TensorFlow works on: GPUs, or else the processor's cores."""
    return [device.name for device in tf.config.list_logical_devices("GPU")] or [f"{machine.cores()} CPU cores"]


def report(speeds: Speeds, records: str, verbs: Sequence[str]) -> None:
    """Prints median, lowest and highest speed of every job, and the medians of the ratios.

    Args:
        speeds: Jobs that are called `zoo <verb>`, `Keras <verb>` and whatever else.
        records: What is counted, for example `sentences`.
        verbs: The verbs that both have.
    """
    rounds = len(next(iter(speeds.values())))
    print(f"\n{records + '/s':16}{'median':>8}{'lowest':>9}{'highest':>9}   of {rounds} rounds")
    for name, values in speeds.items():
        print(f"{name:16}{statistics.median(values):8,.0f}{min(values):9,.0f}{max(values):9,.0f}")
    for verb in verbs:
        median = statistics.median(ratios(speeds, verb))
        print(f"{OURS} {verb} at {median:.2f} times the speed of the Keras model")


def write_json(path: str, speeds: Speeds, records: str, verbs: Sequence[str], **facts: Any) -> None:
    """Writes all figures.

    Args:
        path: The file.
        speeds: As for `report`.
        records: As for `report`.
        verbs: As for `report`.
        **facts: Whatever else belongs to them.
    """
    figures = {
        f"{records}_per_second": {name: statistics.median(values) for name, values in speeds.items()},
        "rounds": speeds,
        "ratios": {verb: ratios(speeds, verb) for verb in verbs},
        "devices": devices(),
        **facts,
    }
    Path(path).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
