"""What `layers.py` measures by length: time and peak memory of a training step."""

from __future__ import annotations

import ctypes
import gc
import re
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


def measure(steps: int, cores: int, rounds: int, interleave: Interleave) -> Length:
    """Measures one length: the times of all layers in turns, then the memory of each."""
    jobs = jobs_of(steps, LENGTH_SIZE, cores)
    milliseconds = interleave(jobs, rounds)
    if tf.config.list_logical_devices("GPU"):
        jobs.pop(TORCH_LSTM, None)  # PyTorch has its own part of the GPU's memory
        peaks = {name: gpu_peak_megabytes(job) for name, job in jobs.items()}
    else:
        peaks = {name: peak_megabytes(job) for name, job in jobs.items()}
    return Length(steps, milliseconds, {name: peak for name, peak in peaks.items() if peak is not None})


def measure_parallel(cores: int, rounds: int, interleave: Interleave) -> dict[str, list[float]]:
    """Measures the cell that trains in parallel over time beside the LSTMs, at `PARALLEL_STEPS`; milliseconds."""
    return interleave(jobs_of(PARALLEL_STEPS, PARALLEL_SIZE, cores), rounds)


def peak_megabytes(job: Job) -> float | None:
    """Returns by how much the process grows, at most, while `job` runs; None where the system does not tell.

    The kernel's high-water mark is set back to what the process holds now. (`ru_maxrss` cannot be: it only grows, and a
    child process starts with its parent's.) What `malloc` has kept from calls before is given back first, or it would
    serve this one unseen.
    """
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        return None
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    try:
        reset.write_text("5", encoding="ascii")
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
