"""Batches of few shapes, all known before the data is: XLA compiles a training step once for each, and a TPU does so.

Nothing is lost: tensors are filled up, never cut, and what is filled in weighs nothing (see `zoo.models.feeding`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

Lengths = tuple[int, ...]

_SHORTEST = 8  # where nothing says what lengths there are
_LONGEST = 1 << 24


class Filling(NamedTuple):
    """How one tensor of a batch is filled up.

    Attributes:
        axes: For each axis after the rows, the lengths that it may have, in order. Further axes keep theirs.
        value: What is filled in.
    """

    axes: tuple[Lengths, ...] = ()
    value: int = 0


def known_lengths(boundaries: Sequence[int], limit: int | None = None) -> Lengths:
    """Returns the lengths that sequences are filled up to.

    Args:
        boundaries: Lengths, in order.
        limit: What no sequence is longer than. Without it the last boundary is doubled again and again: a sequence of
            any length has its place, and there are few of them.
    """
    if limit is not None:
        return (*(length for length in boundaries if length < limit), limit)
    lengths = [*boundaries] or [_SHORTEST]
    while lengths[-1] < _LONGEST:
        lengths.append(2 * lengths[-1])
    return tuple(lengths)


def filled_up(tensors: Any, rows: int | tf.Tensor, fillings: Any) -> Any:
    """Fills up the tensors of a batch.

    Args:
        tensors: A tensor [rows, ...], or a dictionary or tuple of such, nested.
        rows: How many rows they get; at least as many as they have.
        fillings: A `Filling` for a tensor; for a dictionary one of them, where those that are missing get rows alone.

    Returns:
        The same structure. The shapes are known in the graph as far as there is only one length.
    """
    if isinstance(tensors, Mapping):
        return {name: filled_up(part, rows, fillings.get(name, Filling())) for name, part in tensors.items()}
    if isinstance(tensors, tuple):
        return tuple(filled_up(part, rows, filling) for part, filling in zip(tensors, fillings, strict=True))
    rank, present = tensors.shape.rank, tf.shape(tensors)
    lengths = [rows, *(next_length(present[axis], known) for axis, known in enumerate(fillings.axes, 1))]
    missing = [[0, length - present[axis]] for axis, length in enumerate(lengths)] + [[0, 0]] * (rank - len(lengths))
    value = {"constant_values": tf.cast(fillings.value, tensors.dtype)} if fillings.value else {}
    filled = tf.pad(tensors, missing, **value)
    known = [length if isinstance(length, int) else None for length in lengths]
    return tf.ensure_shape(filled, [*known, *tensors.shape[len(known) :]])


def next_length(length: tf.Tensor, known: Lengths) -> int | tf.Tensor:
    """Returns the first of the known lengths that is not below a length, int32 []; an integer where there is one."""
    return known[0] if len(known) == 1 else tf.gather(known, _place(length, known))


def rows_by_length(lengths: Lengths, rows: Callable[[int], int]) -> Callable[[tf.Tensor], int | tf.Tensor]:
    """Returns a function from a batch's length, int32 [], to its rows; an integer where all are equal.

    Args:
        lengths: The lengths that batches may have.
        rows: How many rows a batch of such a length has.
    """
    table = [rows(length) for length in lengths]
    if len(set(table)) == 1:
        return lambda length: table[0]
    return lambda length: tf.gather(table, _place(length, lengths))


def _place(length: tf.Tensor, known: Lengths) -> tf.Tensor:
    return tf.searchsorted(tf.constant(known, tf.int32), tf.cast(length, tf.int32)[tf.newaxis])[0]
