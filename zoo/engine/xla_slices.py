"""Reading and writing one step of a `[batch, time, width]` tensor inside an XLA loop."""

from __future__ import annotations

import tensorflow as tf

# TensorFlow keeps these operations out of its public interface. `TensorArray` is the public way to write a slice, but
# holds time first, and turning every tensor around costs more than the whole element-wise part of a cell.
from tensorflow.compiler.tf2xla.ops import gen_xla_ops


def read(tensor: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
    """Returns `[batch, width]`, step `time` of `[batch, time, width]`; a time out of range reads the nearest step."""
    batch, _, width = _shape(tensor)
    row = gen_xla_ops.xla_dynamic_slice(tensor, tf.stack([0, time, 0]), tf.stack([batch, 1, width]))
    return tf.ensure_shape(tf.reshape(row, tf.stack([batch, width])), [tensor.shape[0], tensor.shape[2]])


def write(tensor: tf.Tensor, time: tf.Tensor, row: tf.Tensor, *, column: int = 0) -> tf.Tensor:
    """Returns `[batch, time, width]` with `row`, `[batch, columns]`, at step `time` from `column` on."""
    written = gen_xla_ops.xla_dynamic_update_slice(tensor, row[:, tf.newaxis], tf.stack([0, time, column]))
    return tf.ensure_shape(written, tensor.shape)


def _shape(tensor: tf.Tensor) -> list[int | tf.Tensor]:
    sizes = tf.shape(tensor)
    return [sizes[axis] if size is None else size for axis, size in enumerate(tensor.shape)]
