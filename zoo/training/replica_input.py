"""Batches cut into parts, one for each replica, wherever the replica is."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def first_row(replica: Any, rows: Any, replicas: int) -> Any:
    """Returns the first row of a batch that a replica reads; the first of the next replica is where its rows end.

    Rows that follow each other stay together, so that the state of a stream of text is always carried by the same
    replica. Where a batch does not split evenly, the parts differ by one row, and may be empty.

    Args:
        replica: Number of the replica, from 0 to `replicas`.
        rows: Rows of the batch.
        replicas: How many there are.
    """
    return replica * rows // replicas


def for_replicas(batches: tf.data.Dataset, context: tf.distribute.InputContext) -> tf.data.Dataset:
    """Cuts every batch into the parts of one worker's replicas, one behind the other.

    Args:
        batches: Batches for all replicas, of dense tensors [rows, ...].
        context: Says which worker this is, and how many replicas there are.
    """
    replicas = context.num_replicas_in_sync
    local = replicas // context.num_input_pipelines
    first = context.input_pipeline_id * local

    def parts(batch: Any) -> tf.data.Dataset:
        rows = tf.shape(tf.nest.flatten(batch)[0], tf.int64)[0]

        def part(replica: tf.Tensor) -> Any:
            start, end = (first_row(number, rows, replicas) for number in (replica, replica + 1))
            return tf.nest.map_structure(lambda values: values[start:end], batch)

        return tf.data.Dataset.range(first, first + local).map(part)

    return batches.flat_map(parts)
