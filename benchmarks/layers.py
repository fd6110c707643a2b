"""How fast our recurrent layers are, beside Keras', `keras.layers.RNN` over the same cells, and PyTorch if installed.

    python benchmarks/layers.py --png=layers.png --json=layers.json
    python benchmarks/layers.py --quick
    python benchmarks/layers.py --cells=gru,peephole_lstm --shapes=32x100x128x256 --modes=forward --lengths=

All candidates for one layer take turns within every round, each called untimed right before it is timed: the threads of
one library go on spinning for a while after a call, at the cost of whoever runs next. Before anything is timed, all
candidates, with the same weights, must give the same outputs or gradients.
"""

from __future__ import annotations

import gc
import json
import math
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import layer_chart
import layer_lengths
import layer_tables
import machine
import tensorflow as tf
from absl import app, flags
from layer_candidates import Candidates, Job, differs, product_jobs
from layer_figures import KERAS, MODES, RNN, TORCH, VARIANTS, Case, Length, Row, call_flops, floor_ms

import zoo.cells

CELLS = ("lstm", "gru", "elman", "peephole_lstm", "layer_norm_lstm", "simplified_gru")
SHAPES = ("32x100x128x256", "32x30x100x100", "8x400x64x128", "1x200x128x512")
LENGTHS = ("100", "300", "1000", "3000", "10000")
QUICK = {"cells": ["lstm"], "shapes": list(SHAPES[:2]), "variants": ["plain"], "lengths": ["100", "1000"], "rounds": 3}
VARIANT_SHAPES = 2  # so many of the first shapes have the variants too

_CELLS = flags.DEFINE_list("cells", list(CELLS), f"Of {', '.join(zoo.cells.names())}.")
_SHAPES = flags.DEFINE_list("shapes", list(SHAPES), "Each (batch)x(steps)x(input)x(units).")
_VARIANTS = flags.DEFINE_list("variants", list(VARIANTS), f"Of {', '.join(VARIANTS)}.")
_VARIANT_CELLS = flags.DEFINE_list(
    "variant_cells", ["lstm"], "Cells whose variants are measured at the first two shapes."
)
_MODES = flags.DEFINE_list("modes", list(MODES), f"Of {', '.join(MODES)}.")
_LENGTHS = flags.DEFINE_list("lengths", list(LENGTHS), "Steps for the cost against length; empty leaves it out.")
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Timed rounds; figures are their medians.", lower_bound=1)
_DYNAMIC = flags.DEFINE_bool("dynamic", False, "Trace for any batch and any number of steps, not for those of a shape.")
_QUICK = flags.DEFINE_bool("quick", False, "LSTM, two shapes, two lengths, three rounds: about a minute.")
_JSON = flags.DEFINE_string("json", None, "File for all figures of all rounds.")
_PNG = flags.DEFINE_string("png", None, "File for the chart.")

LENGTH_ROUNDS = 3  # ten thousand steps take seconds
# What a timing lasts at least: short calls are repeated, with their mean as the round's figure.
SHORTEST_TIMING_MS, MOST_CALLS = 20.0, 20
BUSY = 0.5  # processes that want to run, on average
TOLERANCE = 1e-3  # rounding grows over a hundred steps; layer normalisation reaches 2e-4 after 100, in any loop
GPU_TOLERANCE = 1e-2  # products there are made in TensorFloat-32, with ten bits of mantissa


def interleave(jobs: Mapping[str, Job], rounds: int) -> dict[str, list[float]]:
    """Times jobs in turns; returns the milliseconds of one call, by job and round."""
    calls = {}
    for name, job in jobs.items():
        job()  # compiles
        calls[name] = min(MOST_CALLS, math.ceil(SHORTEST_TIMING_MS / _milliseconds(job, 1)))
    found: dict[str, list[float]] = {name: [] for name in jobs}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, job in jobs.items():
                _milliseconds(job, calls[name])  # untimed: see the module
                found[name].append(_milliseconds(job, calls[name]))
    finally:
        gc.enable()
    return found


def _milliseconds(job: Job, calls: int) -> float:
    """Returns the mean time of some calls, until a GPU is done with them."""
    begun = time.perf_counter()
    for _ in range(calls):
        job()
    tf.test.experimental.sync_devices()
    return 1e3 * (time.perf_counter() - begun) / calls


def check(case: Case, mode: str, jobs: Mapping[str, Job], tolerance: float) -> None:
    """Ends the program unless all candidates agree with Keras."""
    reference = KERAS if KERAS in jobs else RNN
    wanted = jobs[reference]()
    for name, job in jobs.items():
        difference = differs(job(), wanted[:1] if name == TORCH else wanted)
        if not difference <= tolerance:  # NaN is not
            sys.exit(
                f"{case.label} ({case.size}), {mode}: {name} is {difference:.1e} away from {reference} with the same "
                f"weights, and {tolerance:.0e} is allowed; nothing was timed"
            )


def measure(case: Case, mode: str, cores: int, tolerance: float) -> Row:
    """Checks and times all candidates for one layer in one mode, and the products it is made of."""
    candidates = Candidates(case, mode, dynamic=_DYNAMIC.value, cores=cores)
    check(case, mode, candidates.jobs, tolerance)
    products = product_jobs(case, candidates.recurrent_kernels, cores)
    jobs = {**candidates.jobs, **{name: job for name, (job, _) in products.items()}}
    row = Row(case, mode, interleave(jobs, _ROUNDS.value), candidates.skipped)
    row.speeds = {name: flops / row.median(name) / 1e6 for name, (_, flops) in products.items()}
    kernels, recurrent_kernels = candidates.kernels, candidates.recurrent_kernels
    row.loop_columns = recurrent_kernels[0][1] if recurrent_kernels else 0
    row.flops = call_flops(case, mode, kernels + recurrent_kernels)
    row.floor_ms = floor_ms(case, mode, kernels, recurrent_kernels, row.speeds)
    return row


def cases() -> list[Case]:
    """Returns the grid that the flags ask for."""
    found = []
    for cell in _CELLS.value:
        for variant in _VARIANTS.value:
            if variant == "plain" or cell in _VARIANT_CELLS.value:
                shapes = _SHAPES.value if variant == "plain" else _SHAPES.value[:VARIANT_SHAPES]
                found += [Case(cell, *map(int, shape.split("x")), variant=variant) for shape in shapes]
    return found


def check_flags() -> None:
    """Refuses what cannot be run, before anything is.

    Raises:
        app.UsageError: The message names the flag.
    """
    known = {"cells": zoo.cells.names(), "variant_cells": zoo.cells.names(), "variants": VARIANTS, "modes": MODES}
    for name, allowed in known.items():
        for value in flags.FLAGS[name].value:
            if value not in allowed:
                raise app.UsageError(f"--{name}: {value!r} is not one of {', '.join(allowed)}")
    for shape in _SHAPES.value:
        sizes = shape.split("x")
        if len(sizes) != 4 or not all(size.isdigit() and int(size) > 0 for size in sizes):
            raise app.UsageError(f"--shapes: {shape!r} is not (batch)x(steps)x(input)x(units), as in {SHAPES[0]}")
    for length in _LENGTHS.value:
        if not (length.isdigit() and int(length) > 0):
            raise app.UsageError(f"--lengths: {length!r} is not a number of steps")
    if not _LENGTHS.value and not (_MODES.value and cases()):
        raise app.UsageError("nothing to measure: give --modes, --cells, --shapes and --variants, or --lengths")


def main(arguments: list[str]) -> None:
    """Measures and prints."""
    if len(arguments) > 1:
        raise app.UsageError(f"not a flag: {arguments[1]!r}")
    if _QUICK.value:
        for name, value in QUICK.items():
            if not flags.FLAGS[name].present:
                setattr(flags.FLAGS, name, value)
    check_flags()
    cores, begun = machine.cores(), time.perf_counter()
    gpus = tf.config.list_physical_devices("GPU")
    gpu_names = [tf.config.experimental.get_device_details(gpu)["device_name"] for gpu in gpus]
    facts = machine.describe(("tensorflow", "keras", "torch", "numpy"), gpu_names)
    print("\n".join(f"{name}: {fact}" for name, fact in facts.items()))
    print(f"shapes: {'any batch and number of steps' if _DYNAMIC.value else 'known when traced'}")

    def say(line: str) -> None:
        """Says how far the program is, beside its output."""
        print(f"{time.perf_counter() - begun:4.0f} s  {line}", file=sys.stderr, flush=True)

    if hasattr(os, "getloadavg") and (load := os.getloadavg()[0]) > BUSY:
        say(f"the load has been {load:.1f} in the last minute: on a busy machine the figures mean little")
    rows: list[Row] = []
    for mode in _MODES.value:
        for case in cases():
            say(f"{mode}: {case.label}, {case.size}")
            rows.append(measure(case, mode, cores, GPU_TOLERANCE if gpus else TOLERANCE))
    by_length, parallel = [], {}
    for index, steps in enumerate(map(int, _LENGTHS.value)):
        say(f"{steps} steps")
        rounds = min(LENGTH_ROUNDS, _ROUNDS.value)
        memory = index in (0, len(_LENGTHS.value) // 2, len(_LENGTHS.value) - 1)  # a fresh process each: eight seconds
        by_length.append(layer_lengths.measure(steps, cores, rounds, interleave, memory=memory))
    if by_length:
        say("a cell that trains in parallel over time")
        parallel = layer_lengths.measure_parallel(cores, _ROUNDS.value, interleave)
    say("done\n")
    report(rows, by_length, parallel)
    if _JSON.value:
        measured = {"rows": [row.to_dict() for row in rows], "lengths": [length.to_dict() for length in by_length]}
        text = json.dumps({"machine": facts, "dynamic": _DYNAMIC.value, **measured, "parallel": parallel}, indent=1)
        Path(_JSON.value).write_text(text + "\n", encoding="utf-8")
    if _PNG.value:
        layer_chart.draw(rows, by_length, _PNG.value, subtitle=machine.line(facts))


def report(rows: list[Row], by_length: list[Length], parallel: dict[str, list[float]]) -> None:
    """Prints all tables."""
    for mode in MODES:
        if any(row.mode == mode for row in rows):
            print(f"\n{mode}, ms: median ± half the distance of the quartiles (how many times zoo's time)\n")
            print(layer_tables.times(rows, mode))
    if rows:
        print("\nmatrix products, GFLOP/s\n")
        print(layer_tables.products(rows))
        print("\nover all rows\n")
        print(layer_tables.summary(rows))
        print()
        print(layer_tables.slowest(rows))
    if by_length:
        print("\nforward+backward by length\n")
        print(layer_tables.lengths(by_length))
        print()
        print(layer_tables.parallel(parallel))


if __name__ == "__main__":
    app.run(main)
