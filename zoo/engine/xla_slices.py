"""Reading and writing steps of a `[batch, time, width]` tensor inside an XLA loop."""

from __future__ import annotations

import tensorflow as tf

# TensorFlow keeps these operations out of its public interface. `TensorArray` is the public way to write a slice, but
# holds time first, and turning every tensor around costs more than the whole element-wise part of a cell.
from tensorflow.compiler.tf2xla.ops import gen_xla_ops


def read(tensor: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
    """Returns `[batch, width]`, step `time` of `[batch, time, width]`; a time out of range reads the nearest step."""
    return tf.squeeze(read_slab(tensor, time, 1), axis=1)


def write(tensor: tf.Tensor, time: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
    """Returns `[batch, time, width]` with `row`, `[batch, width]`, at step `time`."""
    return write_slab(tensor, time, row[:, tf.newaxis])


def read_slab(tensor: tf.Tensor, time: tf.Tensor, count: int) -> tf.Tensor:
    """Returns `[batch, count, width]`, the steps from `time` on; out of range, the nearest `count` that there are."""
    sizes = tf.shape(tensor)
    slab = gen_xla_ops.xla_dynamic_slice(tensor, tf.stack([0, time, 0]), tf.stack([sizes[0], count, sizes[2]]))
    return tf.ensure_shape(slab, [tensor.shape[0], count, tensor.shape[2]])


def write_slab(tensor: tf.Tensor, time: tf.Tensor, slab: tf.Tensor) -> tf.Tensor:
    """Returns `[batch, time, width]` with `slab`, `[batch, count, width]`, from step `time` on."""
    written = gen_xla_ops.xla_dynamic_update_slice(tensor, slab, tf.stack([0, time, 0]))
    return tf.ensure_shape(written, tensor.shape)


def buffer(like: tf.Tensor, width: int) -> tf.Tensor:
    """Returns zeros to write into: `[batch, time, width]`, with batch, time and precision of `like`."""
    sizes = tf.shape(like)
    return tf.ensure_shape(tf.zeros(tf.stack([sizes[0], sizes[1], width]), like.dtype), [*like.shape[:2], width])
