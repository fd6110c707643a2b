"""What `layers.py` measures by length: time and peak memory of a training step."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf
from layer_candidates import Candidates, Job
from layer_figures import (
    KERAS,
    KERAS_LSTM,
    LENGTH_SIZE,
    LSTM,
    MIN_GRU,
    PARALLEL_SIZE,
    PARALLEL_STEPS,
    TORCH,
    TORCH_LSTM,
    ZOO,
    Case,
    Length,
)

Interleave = Callable[[dict[str, Job], int], dict[str, list[float]]]


def jobs_of(steps: int, size: tuple[int, int, int], cores: int) -> dict[str, Job]:
    """Makes a training step of each layer at one length."""
    batch, inputs, units = size
    jobs = {}
    for cell, wanted in (("lstm", {ZOO: LSTM, KERAS: KERAS_LSTM, TORCH: TORCH_LSTM}), ("min_gru", {ZOO: MIN_GRU})):
        case = Case(cell, batch, steps, inputs, units)
        found = Candidates(case, "forward+backward", dynamic=False, cores=cores, only=tuple(wanted)).jobs
        jobs.update({wanted[name]: job for name, job in found.items()})
    return jobs


def measure(steps: int, cores: int, rounds: int, interleave: Interleave, *, memory: bool) -> Length:
    """Measures one length: the times of all layers in turns, and, if asked for, the memory of each."""
    jobs = jobs_of(steps, LENGTH_SIZE, cores)
    milliseconds = interleave(jobs, rounds)
    names = list(jobs) if memory else []
    if tf.config.list_logical_devices("GPU"):
        # PyTorch has its own part of the GPU's memory.
        peaks = {name: gpu_peak_megabytes(jobs[name]) for name in names if name != TORCH_LSTM}
    else:
        peaks = {name: peak_megabytes_of_first_call(name, steps) for name in names}
    return Length(steps, milliseconds, {name: peak for name, peak in peaks.items() if peak is not None})


def measure_parallel(cores: int, rounds: int, interleave: Interleave) -> dict[str, list[float]]:
    """Measures the cell that trains in parallel over time beside the LSTMs, at `PARALLEL_STEPS`; milliseconds."""
    return interleave(jobs_of(PARALLEL_STEPS, PARALLEL_SIZE, cores), rounds)


def peak_megabytes_of_first_call(name: str, steps: int) -> float | None:
    """Returns by how much a fresh process grows at most in its first training step; None where nothing tells.

    Compilation is part of it. A later call would not tell: what compiled loops worked in is kept for the next one.
    """
    child = [sys.executable, str(Path(__file__).resolve()), name, str(steps)]
    output = subprocess.run(child, check=True, capture_output=True, text=True).stdout.split()
    return float(output[-1]) if output and output[-1] != "None" else None


def _peak_megabytes(job: Job) -> float | None:
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        return None
    gc.collect()
    try:
        reset.write_text("5", encoding="ascii")  # the high-water mark; `ru_maxrss` starts with the parent's
    except OSError:
        return None  # a container may forbid it
    before = _status("VmRSS")
    results = job()
    peak = _status("VmHWM")
    del results
    return (peak - before) / 1024


def gpu_peak_megabytes(job: Job) -> float:
    """Returns by how much TensorFlow's use of the first GPU grows, at most, while `job` runs."""
    gc.collect()
    tf.config.experimental.reset_memory_stats("GPU:0")
    before = tf.config.experimental.get_memory_info("GPU:0")["current"]
    results = job()
    tf.test.experimental.sync_devices()
    peak = tf.config.experimental.get_memory_info("GPU:0")["peak"]
    del results
    return (peak - before) / 2**20


def _status(key: str) -> int:
    """Returns a figure of this process in kB, as the kernel has it."""
    found = re.search(rf"^{key}:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found, key
    return int(found[1])


if __name__ == "__main__":
    print(_peak_megabytes(jobs_of(int(sys.argv[2]), LENGTH_SIZE, os.cpu_count() or 1)[sys.argv[1]]))
