"""Gradients of all replicas together, in as few and as short messages as may be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

Gradient = tf.Tensor | tf.IndexedSlices | None

_LARGE = 2**18  # numbers: a table of fewer is sent whole sooner than its rows are picked


def mean_over_replicas(
    gradients: Sequence[Gradient],
    variables: Sequence[keras.Variable | tf.Tensor],
    weight: tf.Tensor,
    slices: bool = False,
) -> tuple[list[Gradient], tf.Tensor]:
    """Returns the weighted mean of each gradient over all replicas, and the weight of all; to be called in a replica.

    All gradients are one message, with the weight at its end: each of its own would cost a millisecond or two whatever
    it holds. But of a large embedding between machines the rows that occur are sent, not the table.

    Args:
        gradients: Of this replica's loss; one for each variable, or None where the loss does not touch it.
        variables: What has their shapes. (Some gradients know their shape only when they are worked out.)
        weight: Of this replica's loss, at least 0, a scalar.
        slices: Whether rows that were sent may be returned as such, each once, rather than as the table they are of.
    """
    context = tf.distribute.get_replica_context()
    between_machines = isinstance(context.strategy, tf.distribute.MultiWorkerMirroredStrategy)
    together, parts, sizes, ids = [], [], [], {}
    for number, (gradient, variable) in enumerate(zip(gradients, variables, strict=True)):
        if gradient is None:
            continue
        part, size = gradient, math.prod(variable.shape)
        if isinstance(part, tf.IndexedSlices) and between_machines and size >= _LARGE:
            ids[number], part = _rows_that_occur(context, part)
            size = tf.size(part)
        together.append(number)
        sizes.append(size)
        parts.append(tf.reshape(tf.cast(tf.convert_to_tensor(part), tf.float32), [-1]))
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.concat([*parts, tf.ones([1])], axis=0) * weight)
    means = tf.split(total[:-1] * tf.math.divide_no_nan(1.0, total[-1]), sizes)
    found: list[Gradient] = [None] * len(gradients)
    for number, mean in zip(together, means, strict=True):
        shape, dtype = variables[number].shape, gradients[number].dtype
        if number not in ids:
            found[number] = tf.cast(tf.reshape(mean, shape), dtype)
            continue
        rows = tf.cast(tf.reshape(mean, [-1, *shape[1:]]), dtype)
        found[number] = tf.IndexedSlices(rows, ids[number], tf.stack(list(shape)))
        if not slices:
            found[number] = tf.convert_to_tensor(found[number])
    return found, total[-1]


def _rows_that_occur(context: tf.distribute.ReplicaContext, gradient: tf.IndexedSlices) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the ids that occur in any replica, in the same order in all, and this replica's gradient of their rows.

    Ids are known before the model has run, so they travel while it does, and the gradients, which have to be waited
    for, are one message with all others.
    """
    own = tf.cast(gradient.indices, tf.int32)
    sent = context.all_gather(tf.unique(own)[0], axis=0)
    ids, places = tf.unique(tf.concat([sent, own], axis=0))
    rows = tf.math.unsorted_segment_sum(tf.cast(gradient.values, tf.float32), places[tf.size(sent) :], tf.size(ids))
    return ids, rows
