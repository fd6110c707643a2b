"""Gradients of all replicas together, in as few and as short messages as may be."""

from __future__ import annotations

import itertools
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
    it holds. But of large embeddings between machines the rows that occur are sent, not the tables.

    Args:
        gradients: Of this replica's loss; one for each variable, or None where the loss does not touch it.
        variables: What has their shapes. (Some gradients know their shape only when they are worked out.)
        weight: Of this replica's loss, at least 0, a scalar.
        slices: Whether rows that were sent may be returned as such, each once, rather than as the table they are of.
    """
    context, shapes = tf.distribute.get_replica_context(), [variable.shape for variable in variables]
    tables = [
        number
        for number, gradient in enumerate(gradients)
        if isinstance(gradient, tf.IndexedSlices) and math.prod(shapes[number]) >= _LARGE and _between_machines(context)
    ]
    own, sizes, ids = list(gradients), [math.prod(shape) for shape in shapes], {}
    if tables:
        sent = _ids_of_all(context, [gradients[table].indices for table in tables], [shapes[t][0] for t in tables])
        for table, sent_ids in zip(tables, sent, strict=True):
            ids[table], own[table] = _rows_by(sent_ids, gradients[table])
            sizes[table] = tf.size(own[table])

    together = [number for number, gradient in enumerate(gradients) if gradient is not None]
    parts = [tf.reshape(tf.cast(tf.convert_to_tensor(own[number]), tf.float32), [-1]) for number in together]
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, tf.concat([*parts, tf.ones([1])], axis=0) * weight)
    share = tf.math.divide_no_nan(1.0, total[-1])
    means = tf.split(total[:-1] * share, [sizes[number] for number in together])

    found: list[Gradient] = [None] * len(gradients)
    for number, mean in zip(together, means, strict=True):
        mean = tf.cast(mean, gradients[number].dtype)
        if number not in ids:
            found[number] = tf.reshape(mean, shapes[number])
            continue
        rows = tf.reshape(mean, [-1, *shapes[number][1:]])
        found[number] = tf.IndexedSlices(rows, ids[number], tf.stack(list(shapes[number])))
        if not slices:
            found[number] = tf.convert_to_tensor(found[number])
    return found, total[-1]


def _between_machines(context: tf.distribute.ReplicaContext) -> bool:
    return isinstance(context.strategy, tf.distribute.MultiWorkerMirroredStrategy)


def _ids_of_all(
    context: tf.distribute.ReplicaContext, indices: Sequence[tf.Tensor], heights: Sequence[int]
) -> list[tf.Tensor]:
    """Returns for each table the ids that occur in any replica, in the same order in all, perhaps more than once.

    Ids are known before the model has run, so they travel while it does; those of all tables together, as if the tables
    lay one below the other. A gathering costs two messages, of how many there are and of what they are.

    Args:
        context: Of this replica.
        indices: For each table the ids that occur in this replica.
        heights: How many rows each table has.
    """
    ends = list(itertools.accumulate(heights, initial=0))
    own = [tf.unique(tf.cast(ids, tf.int32))[0] + first for ids, first in zip(indices, ends, strict=False)]
    # One that is none: gathering nothing at all ends the process with a segmentation fault.
    sent = context.all_gather(tf.concat([[-1], *own], axis=0), axis=0)
    return [tf.boolean_mask(sent, (sent >= first) & (sent < end)) - first for first, end in itertools.pairwise(ends)]


def _rows_by(ids: tf.Tensor, gradient: tf.IndexedSlices) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns these ids, each once, and this replica's gradient of their rows, [ids, ...]."""
    different, places = tf.unique(tf.concat([ids, tf.cast(gradient.indices, tf.int32)], axis=0))
    values, own = tf.cast(gradient.values, tf.float32), places[tf.size(ids) :]
    return different, tf.math.unsorted_segment_sum(values, own, tf.size(different))
