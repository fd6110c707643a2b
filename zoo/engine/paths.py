"""Which way a sequence layer runs, and why."""

from __future__ import annotations

import contextlib
import enum
import sys
from collections.abc import Iterator
from contextvars import ContextVar

import tensorflow as tf
from absl import logging

from zoo.cells import Cell
from zoo.engine import cudnn
from zoo.engine.cudnn_weights import Stack
from zoo.engine.plain import FEWEST_STEPS


class Path(enum.Enum):
    """A way to run a cell over time."""

    PLAIN = "plain TensorFlow operations"
    COMPILED = "compiled loop"
    CUDNN = "cuDNN"


# Outside a graph, work below so many products is done before a compilation would have begun.
_LEAST_WORK = 2e7

_forced: ContextVar[Path | None] = ContextVar("path", default=None)


@contextlib.contextmanager
def plain() -> Iterator[None]:
    """Within it, layers trace ordinary TensorFlow operations only, as a server without XLA and cuDNN needs them.

    `keras.Model.export` does without: it is recognised. `tf.saved_model.save` of functions of one's own needs it around
    their tracing.
    """
    with _force(Path.PLAIN):
        yield


@contextlib.contextmanager
def compiled() -> Iterator[None]:
    """Within it, layers compile whatever can be compiled, also where it does not pay."""
    with _force(Path.COMPILED):
        yield


@contextlib.contextmanager
def _force(path: Path) -> Iterator[None]:
    token = _forced.set(path)
    try:
        yield
    finally:
        _forced.reset(token)


def choose(
    cell: Cell,
    inputs: tf.Tensor,
    *,
    fast: bool,
    unroll: bool,
    use_cudnn: bool,
    training: bool,
    recording: bool,
) -> Path:
    """Chooses the way to run a cell; a debug log says why it is not a faster one.

    Args:
        cell: A built cell.
        inputs: `[batch, time, input]`.
        fast: Whether a way may be taken that has first derivatives only.
        unroll: Whether every step is to be written into the graph.
        use_cudnn: Whether cuDNN may be taken.
        training: Whether the call trains.
        recording: Whether a gradient is likely to be asked for.
    """
    reason = _reason_for_plain(cell, inputs, fast=fast, unroll=unroll, recording=recording)
    if reason is not None:
        logging.debug("%s runs in plain operations: %s", cell.name, reason)
        return Path.PLAIN
    if _forced.get() is Path.COMPILED:
        return Path.COMPILED
    reason = cudnn.refusal(cell, training=training) if use_cudnn else "use_cudnn=False"
    if reason is not None:
        logging.debug("%s runs in a compiled loop: %s", cell.name, reason)
    return Path.CUDNN if reason is None else Path.COMPILED


def takes_cudnn(cell: Cell) -> bool:
    """Whether cuDNN would run a cell here and now."""
    return cudnn.refusal(cell) is None


def refuses_one_call(stack: Stack, *, training: bool) -> bool:
    """Whether a stack of cells must run one by one; a debug log says why.

    Args:
        stack: Layers from the lowest up, each one cell or two: forward, or forward and backward.
        training: Whether the call trains.
    """
    reason = cudnn.stack_refusal(stack, training=training) if _forced.get() is None else "another way is asked for"
    if reason is not None:
        logging.debug("a stack of %d layers runs layer by layer: %s", len(stack), reason)
    return reason is not None


def _keras_is_exporting() -> bool:
    """Whether `keras.Model.export` or `keras.export.ExportArchive` is tracing: nothing but the call stack tells."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("keras.src.export."):
            return True
        frame = frame.f_back
    return False


def _reason_for_plain(cell: Cell, inputs: tf.Tensor, *, fast: bool, unroll: bool, recording: bool) -> str | None:
    forced = _forced.get()
    batch, steps, _ = inputs.shape
    if forced is Path.PLAIN or (forced is None and _keras_is_exporting()):
        return "a graph for export is traced"
    if not fast:
        return "fast=False"
    if unroll:
        return "unroll=True"
    if steps == 0 or batch == 0:
        return "there is nothing to do"
    if forced is Path.COMPILED:
        return None
    if steps is not None and steps < FEWEST_STEPS:
        return f"{steps} steps are not worth a loop"
    if tf.executing_eagerly():
        work = batch * steps * sum(weight.shape.num_elements() for weight in cell.weights)
        return None if work >= _LEAST_WORK else "outside a graph, less work than a compilation"
    if steps is None and not recording:
        return "answers about sequences of any length would wait for a compilation a length"
    return None
