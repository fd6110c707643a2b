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
from zoo.engine import cudnn, xla_context
from zoo.engine.cudnn_weights import Stack
from zoo.engine.plain import FEWEST_STEPS
from zoo.engine.schedule import Schedule


class Path(enum.Enum):
    """A way to run a cell over time."""

    PLAIN = "plain TensorFlow operations"
    COMPILED = "compiled loops"
    CUDNN = "cuDNN"


# Outside a graph, work below so many products is done before a compilation would have begun.
_LEAST_WORK = 2e7
# Cells of fewer weights are for trying things out: a compilation takes as long as hundreds of their training steps.
_FEWEST_WEIGHTS = 5_000

_forced: ContextVar[Path | None] = ContextVar("path", default=None)
_step: ContextVar[tf.Graph | None] = ContextVar("step", default=None)


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


@contextlib.contextmanager
def a_whole_step() -> Iterator[None]:
    """Within it, what is traced is differentiated, if at all, in the graph that is being traced where it begins.

    Keras runs several steps at a time by a loop with a branch in it; each step takes its gradients by itself.
    """
    token = _step.set(tf.compat.v1.get_default_graph())
    try:
        yield
    finally:
        _step.reset(token)


def choose(cell: Cell, inputs: tf.Tensor, schedule: Schedule, *, training: bool, recording: bool) -> Path:
    """Chooses the way to run a cell; a debug log says why it is not a faster one.

    Args:
        cell: A built cell.
        inputs: `[batch, time, input]`.
        schedule: What the caller wants and allows.
        training: Whether the call trains.
        recording: Whether a gradient is likely to be asked for.
    """
    reason = _reason_for_plain(inputs, schedule)
    if reason is None and _forced.get() is None:
        refusal = cudnn.refusal(cell, training=training) if schedule.cudnn else "use_cudnn=False"
        if refusal is None:
            return Path.CUDNN
        logging.debug("%s does not run by cuDNN: %s", cell.name, refusal)
        reason = _reason_against_compiling(cell, inputs, recording=recording)
    if reason is not None:
        logging.debug("%s runs in plain operations: %s", cell.name, reason)
        return Path.PLAIN
    return Path.COMPILED


def takes_cudnn(cell: Cell) -> bool:
    """Whether cuDNN would run a cell here and now."""
    return cudnn.refusal(cell) is None


def refuses_one_call(stack: Stack, *, training: bool) -> bool:
    """Whether a stack of cells must run one by one; a debug log says why.

    Args:
        stack: Layers from the lowest up, each one cell or two: forward, or forward and backward.
        training: Whether the call trains.
    """
    forced = _forced_or_exporting()
    reason = cudnn.stack_refusal(stack, training=training) if forced is None else f"{forced.value} are asked for"
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


def _in_a_branch() -> bool:
    """Whether a branch of `tf.cond` or `tf.switch_case` is being traced, in a step or around what may be one.

    Its gradient cannot find what a function in it returned and the gradient of that function captures ("Could not find
    external tensor capture", TensorFlow 2.21).
    """
    graph = tf.compat.v1.get_default_graph()
    while graph is not None and graph is not _step.get():
        if type(graph).__name__ == "CondBranchFuncGraph":
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def _forced_or_exporting() -> Path | None:
    """Returns the only way that may be taken here, or `None` if there is a choice."""
    return Path.PLAIN if _forced.get() is None and _keras_is_exporting() else _forced.get()


def _reason_for_plain(inputs: tf.Tensor, schedule: Schedule) -> str | None:
    """Says why only plain operations will do, whatever the other ways can; `None` if there is a choice."""
    forced = _forced_or_exporting()
    batch, steps, _ = inputs.shape
    if forced is Path.PLAIN:
        return "a graph for export is traced"
    if xla_context.inside_tpu_replica():
        return "a TPU's step is one compilation, in which no other is nested"
    if not schedule.fast:
        return "fast=False"
    if schedule.unroll:
        return "unroll=True"
    if steps == 0 or batch == 0:
        return "there is nothing to do"
    if _in_a_branch():
        return "TensorFlow cannot differentiate a branch (tf.cond) that holds compiled loops"
    if forced is None and steps is not None and steps < FEWEST_STEPS:
        return f"{steps} steps are not worth a loop"
    return None


def _reason_against_compiling(cell: Cell, inputs: tf.Tensor, *, recording: bool) -> str | None:
    """Says why a compilation would take longer than it saves; `None` if it pays."""
    batch, steps, _ = inputs.shape
    weights = sum(weight.shape.num_elements() for weight in cell.weights)
    if weights < _FEWEST_WEIGHTS:
        return f"{weights:,} weights are sooner used than compiled"
    if tf.executing_eagerly():
        return None if batch * steps * weights >= _LEAST_WORK else "outside a graph, less work than a compilation"
    if steps is None and not recording:
        return "answers about sequences of any length would wait for a compilation a length"
    return None
