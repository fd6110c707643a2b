"""Prepares a batch for the compiled loops: sizes that are compiled already, and a part of the batch for every core."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import NamedTuple

import tensorflow as tf

from zoo.cells import Cell, ParallelCell, RecurrentProduct
from zoo.engine.buckets import bucket
from zoo.engine.loops import RealSteps, loops_of
from zoo.engine.products import Weights
from zoo.engine.scan import scan_of
from zoo.engine.xla_context import inside_xla

# The batch is cut only if every part keeps so many rows: products of fewer rows waste what the second core gives.
_FEWEST_ROWS = 4
# Beyond two parts, a part keeps so many.
_ROWS_FOR_MORE = 8

_side_by_side: ContextVar[bool] = ContextVar("side_by_side", default=False)


@contextlib.contextmanager
def side_by_side() -> Iterator[None]:
    """Within it, loops that do not wait for each other are built: one loop a core, so no batch is cut."""
    token = _side_by_side.set(True)
    try:
        yield
    finally:
        _side_by_side.reset(token)


def run(
    cell: Cell,
    inputs: tf.Tensor,
    states: tuple[tf.Tensor, ...],
    recurrent: RecurrentProduct,
    mask: tf.Tensor | None,
    *,
    backwards: bool,
    sequences: bool,
    recording: bool,
) -> tuple[tf.Tensor | None, tuple[tf.Tensor, ...]]:
    """Runs a cell over a batch in compiled loops.

    Args:
        cell: A built cell.
        inputs: `[batch, time, input]`.
        states: The first states, `[batch, units]`.
        recurrent: The cell's recurrent weights.
        mask: `[batch, time]`, True at real steps, or `None`.
        backwards: Walk from the last step to the first.
        sequences: Keep the state after every step.
        recording: Keep what the gradient needs.

    Returns:
        The state h after every step, `[batch, time, units]` in the order of time, or `None` without `sequences`; and
        the last states.

    Raises:
        NotCompilable: The cell's step cannot be compiled; the message says why.
    """
    batch, steps = (tf.shape(inputs)[axis] if size is None else size for axis, size in enumerate(inputs.shape[:2]))
    parts = _parts(inputs.shape[0])
    rows, length = _compiled_size(inputs.shape[0], batch, multiple=parts), _compiled_size(inputs.shape[1], steps)
    cut = _Cut(parts, rows - batch, length - steps)
    first = zip(*(cut.rows(state) for state in states), strict=True)
    inputs, mask = cut.sequences(inputs), cut.sequences(None if mask is None else mask[..., tf.newaxis])
    masks_of_h = cut.rows(recurrent.dropout_mask)
    results = []
    for x, states_of_part, mask_of_part, mask_of_h in zip(inputs, first, mask, masks_of_h, strict=True):
        projected = cell.project(x)
        loops = scan_of(cell) if isinstance(cell, ParallelCell) else loops_of(cell, projected.shape[-1])
        weights = Weights(recurrent.kernels, recurrent.vectors, mask_of_h)
        real = RealSteps(mask_of_part, tf.convert_to_tensor(steps))
        wanted = {"backwards": backwards, "sequences": sequences, "recording": recording}
        results.append(loops.run(projected, states_of_part, weights, real, **wanted))
    hidden, last = zip(*results, strict=True)
    last = tuple(_join(state)[:batch] for state in zip(*last, strict=True))
    return (_join(hidden)[:batch, :steps] if sequences else None), last


class _Cut(NamedTuple):
    """How a batch is filled up to its compiled size, and cut into equal parts along its first axis.

    Attributes:
        parts: How many.
        more_rows: How many rows of zeros to append before.
        more_steps: How many steps of zeros to append to what has steps.
    """

    parts: int
    more_rows: int | tf.Tensor
    more_steps: int | tf.Tensor

    def rows(self, tensor: tf.Tensor | None) -> Sequence[tf.Tensor | None]:
        """Cuts `[batch, ...]`; of nothing, every part is nothing."""
        return self._cut(tensor, [self.more_rows])

    def sequences(self, tensor: tf.Tensor | None) -> Sequence[tf.Tensor | None]:
        """Cuts `[batch, time, ...]`; of nothing, every part is nothing."""
        return self._cut(tensor, [self.more_rows, self.more_steps])

    def _cut(self, tensor: tf.Tensor | None, more: Sequence[int | tf.Tensor]) -> Sequence[tf.Tensor | None]:
        if tensor is None:
            return [None] * self.parts
        padded = _pad(tensor, more)
        return [padded] if self.parts == 1 else tf.split(padded, self.parts)


def _parts(batch: int | None) -> int:
    """Returns into how many parts to cut a batch, of `None` rows if that is not known yet."""
    if tf.executing_eagerly() or inside_xla() or tf.config.list_logical_devices("GPU") or _side_by_side.get():
        return 1  # the parts would run one after another
    cores = tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1
    if batch is None:
        return min(cores, 2)
    return min(cores, max(batch // _ROWS_FOR_MORE, 2)) if batch >= 2 * _FEWEST_ROWS else 1


def _compiled_size(known: int | None, size: int | tf.Tensor, *, multiple: int = 1) -> int | tf.Tensor:
    """Returns the size to compile for: the size itself in a graph that knows it, else the next bucket's."""
    if known is None or tf.executing_eagerly():
        size = bucket(size)
    return -(-size // multiple) * multiple


def _pad(tensor: tf.Tensor, extra: Sequence[int | tf.Tensor]) -> tf.Tensor:
    """Appends zeros along the first axes."""
    if all(isinstance(size, int) and size == 0 for size in extra):
        return tensor
    widths = [[0, size] for size in extra] + [[0, 0]] * (tensor.shape.rank - len(extra))
    return tf.pad(tensor, tf.convert_to_tensor(widths))


def _join(parts: Sequence[tf.Tensor]) -> tf.Tensor:
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)
