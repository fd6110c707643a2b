"""Dropout as every path has it: one mask for all steps, from the cell's own seed, so that all paths drop the same."""

from __future__ import annotations

import keras
import tensorflow as tf

from zoo.cells import Cell


def of_inputs(cell: Cell, inputs: tf.Tensor) -> tf.Tensor:
    """Returns `[batch, time, input]` with `cell.dropout` of each sequence's entries dropped, the same at every step."""
    return inputs * _mask(cell, [tf.shape(inputs)[0], 1, inputs.shape[2]], cell.dropout)


def mask_of_states(cell: Cell, batch: int | tf.Tensor) -> tf.Tensor:
    """Returns `[batch, units]`: zeros where h is dropped before its products, by `cell.recurrent_dropout`."""
    return _mask(cell, [batch, cell.units], cell.recurrent_dropout)


def _mask(cell: Cell, shape: list[int | tf.Tensor], rate: float) -> tf.Tensor:
    return keras.random.dropout(tf.ones(shape, cell.compute_dtype), rate, seed=cell.seed_generator)
