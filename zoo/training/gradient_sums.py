"""Gradients summed over replicas, in as few and as short messages as may be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

Gradient = tf.Tensor | tf.IndexedSlices | None

_LARGE = 2**18  # numbers: a table of fewer is sent whole sooner than its rows are picked


def summed_over_replicas(gradients: Sequence[Gradient], weights: Sequence[keras.Variable]) -> list[tf.Tensor | None]:
    """Returns the sum of each gradient over all replicas; to be called in a replica.

    All gradients are one message: each of its own would cost a millisecond or two whatever it holds. But of a large
    embedding between machines the rows that occur are sent, not the table.

    Args:
        gradients: One for each weight, or None where the loss does not touch it.
        weights: The weights. (Some gradients know their shape only when they are worked out.)
    """
    context = tf.distribute.get_replica_context()
    between_machines = isinstance(context.strategy, tf.distribute.MultiWorkerMirroredStrategy)
    found: list[tf.Tensor | None] = [None] * len(gradients)
    together = []
    for number, (gradient, weight) in enumerate(zip(gradients, weights, strict=True)):
        slices = isinstance(gradient, tf.IndexedSlices)
        if slices and between_machines and math.prod(weight.shape) >= _LARGE:
            found[number] = _rows_of_all(context, gradient)
        elif gradient is not None:
            together.append(number)
    if together:
        parts = [tf.reshape(tf.convert_to_tensor(gradients[number]), [-1]) for number in together]
        total = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.concat(parts, axis=0))
        shapes = [weights[number].shape for number in together]
        for number, part, shape in zip(together, tf.split(total, list(map(math.prod, shapes))), shapes, strict=True):
            found[number] = tf.reshape(part, shape)
    return found


def _rows_of_all(context: tf.distribute.ReplicaContext, gradient: tf.IndexedSlices) -> tf.Tensor:
    """Returns the dense sum of slices, of which every replica sends each of its rows once.

    An id is one more number of its row, bit for bit, so that there is one message and not two.
    """
    ids, places = tf.unique(tf.cast(gradient.indices, tf.int32))
    rows = tf.math.unsorted_segment_sum(tf.cast(gradient.values, tf.float32), places, tf.size(ids))
    sent = tf.concat([tf.bitcast(ids, tf.float32)[:, tf.newaxis], rows], axis=1)
    all_sent = context.all_gather(sent, axis=0)
    ids, rows = tf.bitcast(all_sent[:, 0], tf.int32), tf.cast(all_sent[:, 1:], gradient.dtype)
    return tf.math.unsorted_segment_sum(rows, ids, gradient.dense_shape[0])
