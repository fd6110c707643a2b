"""Which rows of a batch a replica has, wherever the replica is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
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


def gathered(strategy: tf.distribute.Strategy, variables: Sequence[tf.Variable]) -> list[np.ndarray]:
    """Returns, of variables that hold each replica's own rows, the rows of all replicas, the first one's first.

    Of several workers all must ask at the same time.

    Args:
        strategy: The strategy of the training.
        variables: Each [rows, ...].
    """
    if strategy.num_replicas_in_sync == 1:
        return [variable.numpy() for variable in variables]

    @tf.function(autograph=False)
    def gather() -> list[tf.Tensor]:
        own = strategy.run(lambda: [tf.convert_to_tensor(variable) for variable in variables])
        return [strategy.gather(values, axis=0) for values in own]

    return [values.numpy() for values in gather()]


def scatter(
    strategy: tf.distribute.Strategy, variables: Sequence[tf.Variable], rows_of_all: Sequence[np.ndarray]
) -> None:
    """Gives every replica its rows of what `gathered` returned, perhaps of another number of replicas.

    Args:
        strategy: The strategy of the training.
        variables: Each [rows, ...].
        rows_of_all: The rows of all replicas for each variable.
    """
    replicas = strategy.num_replicas_in_sync

    @tf.function(autograph=False)
    def assign() -> None:
        def own() -> None:
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            for variable, rows in zip(variables, rows_of_all, strict=True):
                start, end = (first_row(replica, len(rows), replicas) for replica in (number, number + 1))
                variable.assign(tf.constant(rows)[start:end])

        strategy.run(own)

    assign()
