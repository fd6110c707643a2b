"""Gradients of all replicas together, in as few and as short messages as may be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

Gradient = tf.Tensor | tf.IndexedSlices | None

_LARGE = 2**18  # numbers: a table of fewer is sent whole sooner than its rows are picked


def mean_over_replicas(
    gradients: Sequence[Gradient], variables: Sequence[keras.Variable | tf.Tensor], weight: tf.Tensor
) -> tuple[list[tf.Tensor | None], tf.Tensor]:
    """Returns the weighted mean of each gradient over all replicas, and the weight of all; to be called in a replica.

    All gradients are one message, with the weight at its end: each of its own would cost a millisecond or two whatever
    it holds. But of a large embedding between machines the rows that occur are sent, not the table.

    Args:
        gradients: Of this replica's loss; one for each variable, or None where the loss does not touch it.
        variables: What has their shapes. (Some gradients know their shape only when they are worked out.)
        weight: Of this replica's loss, at least 0, a scalar.
    """
    context = tf.distribute.get_replica_context()
    between_machines = isinstance(context.strategy, tf.distribute.MultiWorkerMirroredStrategy)
    rows, together = {}, []
    for number, (gradient, variable) in enumerate(zip(gradients, variables, strict=True)):
        slices = isinstance(gradient, tf.IndexedSlices)
        if slices and between_machines and math.prod(variable.shape) >= _LARGE:
            rows[number] = _rows_of_all(context, gradient, weight)
        elif gradient is not None:
            together.append(number)
    parts = [tf.reshape(tf.convert_to_tensor(gradients[number]), [-1]) for number in together]
    parts = [*(tf.cast(part, tf.float32) for part in parts), tf.ones([1])]
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.concat(parts, axis=0) * weight)
    share = tf.math.divide_no_nan(1.0, total[-1])
    shapes = [variables[number].shape for number in together]
    found: list[tf.Tensor | None] = [None] * len(gradients)
    means = tf.split(total[:-1] * share, list(map(math.prod, shapes)))
    for number, mean, shape in zip(together, means, shapes, strict=True):
        found[number] = tf.cast(tf.reshape(mean, shape), gradients[number].dtype)
    for number, summed in rows.items():
        found[number] = summed * tf.cast(share, summed.dtype)
    return found, total[-1]


def _rows_of_all(context: tf.distribute.ReplicaContext, gradient: tf.IndexedSlices, weight: tf.Tensor) -> tf.Tensor:
    """Returns the dense sum of slices by weight, of which every replica sends each of its rows once.

    An id is one more number of its row, bit for bit, so that there is one gathering and not two. (TensorFlow's sends
    lengths, and then rows.)
    """
    ids, places = tf.unique(tf.cast(gradient.indices, tf.int32))
    rows = tf.math.unsorted_segment_sum(tf.cast(gradient.values, tf.float32), places, tf.size(ids)) * weight
    sent = tf.concat([tf.bitcast(ids, tf.float32)[:, tf.newaxis], rows], axis=1)
    all_sent = context.all_gather(sent, axis=0)
    ids, rows = tf.bitcast(all_sent[:, 0], tf.int32), tf.cast(all_sent[:, 1:], gradient.dtype)
    return tf.math.unsorted_segment_sum(rows, ids, gradient.dense_shape[0])
