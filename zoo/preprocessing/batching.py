"""From a stream of single records to padded batches of similar length."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.data.ops import map_op

Record = dict[str, tf.Tensor]


def bucketed(
    records: tf.data.Dataset,
    length_of: Callable[[Record], tf.Tensor],
    batch_size: int,
    boundaries: Sequence[int],
    budget: int | None = None,
) -> tf.data.Dataset:
    """Batches records with others of similar length, padded to the longest of the batch.

    Args:
        records: Single records.
        length_of: Number of time steps of a record, a scalar; without loops and conditions.
        batch_size: Records a batch; the last batch of each bucket may hold fewer.
        boundaries: Upper limits (exclusive) of the buckets but the last, in time steps.
        budget: Time steps a batch at most, padding included, where given; the open last bucket is taken to hold records
            of up to eight times the last boundary. Without boundaries nothing is known of lengths, and no budget kept.

    Returns:
        Batches of the same structure, padded with zeros and empty strings.
    """
    if not boundaries:  # grouping takes as long as all else here
        return records.padded_batch(batch_size)
    limits = tf.constant(boundaries, tf.int64)
    sizes = [most_rows(longest, batch_size, boundaries, budget) for longest in (*boundaries, math.inf)]
    rows = tf.constant(sizes, tf.int64)

    def with_bucket(record: Record) -> tuple[tf.Tensor, Record]:
        return tf.math.count_nonzero(limits <= tf.cast(length_of(record), tf.int64)), record

    # As `Dataset.bucket_by_sequence_length`, but that has the bucket worked out where it asks for it, in a thread of
    # TensorFlow's pool for every record (10 us instead of 4).
    grouped = mapped_in_place(records, with_bucket).group_by_window(
        key_func=lambda bucket, record: bucket,
        reduce_func=lambda bucket, window: window.padded_batch(rows[bucket]),
        window_size_func=lambda bucket: rows[bucket],
    )
    return mapped_in_place(grouped, lambda bucket, batch: batch)


def most_rows(length: float, batch_size: int, boundaries: Sequence[int], budget: int | None = None) -> int:
    """Returns how many records `bucketed` puts into a batch whose longest has so many time steps, at most.

    Args:
        length: Of the longest record.
        batch_size: As `bucketed`.
        boundaries: As `bucketed`.
        budget: As `bucketed`.
    """
    if budget is None or not boundaries:
        return batch_size
    longest = [*boundaries, 8 * boundaries[-1]]
    return max(1, min(batch_size, budget // longest[bisect.bisect_left(boundaries, length)]))


def mapped_in_place(records: tf.data.Dataset, function: Callable[..., Record | tf.Tensor]) -> tf.data.Dataset:
    """Maps single records by a few operations, in the thread that asks for the record.

    `Dataset.map` gives every call to TensorFlow's pool of threads and waits for it, which for a few slices takes longer
    than the slices (7 of 10 us).

    Args:
        records: Single records.
        function: As `Dataset.map` takes it; without loops and conditions.
    """
    return map_op._MapDataset(records, function, use_inter_op_parallelism=False)


def shuffled(records: tf.data.Dataset, buffer: int, seed: int, epoch: Any) -> tf.data.Dataset:
    """Shuffles anew each epoch, in an order that is a function of the seed and the epoch alone.

    So a run that was interrupted reads on as if it had not been.

    Args:
        records: Single records.
        buffer: Records held in memory; an order over more records than that is only local.
        seed: Seed of the run.
        epoch: A `tf.Variable` (int64) that holds the epoch when iteration begins.
    """

    def one_epoch(_: tf.Tensor) -> tf.data.Dataset:
        # With a global seed set, TensorFlow compares an operation's seed with 0 in Python, which a tensor cannot
        # answer. The graph of this function alone forgets the global seed; the order depends on our own.
        tf.compat.v1.get_default_graph().seed = None
        return records.shuffle(buffer, seed=epoch + seed * 1_000_003, reshuffle_each_iteration=False)

    return tf.data.Dataset.range(1).flat_map(one_epoch)


def without_first(batches: tf.data.Dataset, count: Any) -> tf.data.Dataset:
    """Leaves out the first batches of an epoch, which an interrupted run has learnt from before.

    Args:
        batches: Of one epoch.
        count: A `tf.Variable` (int64) that holds, when iteration begins, how many to leave out.
    """
    return tf.data.Dataset.range(1).flat_map(lambda _: batches.skip(count))


def many_at_a_time(
    records: tf.data.Dataset, count: int, function: Callable[[Record], dict[str, tf.RaggedTensor | tf.Tensor]]
) -> tf.data.Dataset:
    """Maps single records to single records, but for many at a time: an operation's overhead is paid once for all.

    Args:
        records: Single records.
        count: How many are taken together.
        function: From their batch to tensors [batch] and ragged ones [batch, time], by name.

    Returns:
        Single records of the same names, [] and [time].
    """

    def singly(batch: dict[str, tf.RaggedTensor | tf.Tensor]) -> tf.data.Dataset:
        flat = {name: part.flat_values for name, part in batch.items() if isinstance(part, tf.RaggedTensor)}
        places = {name: (batch[name].row_starts(), batch[name].row_limits()) for name in flat}
        others = {name: part for name, part in batch.items() if name not in flat}
        rows = tf.data.Dataset.from_tensor_slices((places, others))

        def row(places: dict[str, tuple[tf.Tensor, tf.Tensor]], others: Record) -> Record:
            return {**others, **{name: flat[name][start:end] for name, (start, end) in places.items()}}

        return mapped_in_place(rows, row)

    return records.batch(count).map(function, num_parallel_calls=2).flat_map(singly)


def streamed(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Prepares batches ahead of their use, with a fixed effort.

    The autotuner of `tf.data` starts a thread for every iterator, and the iterator's end waits for that thread to wake:
    one to twenty seconds at the end of every epoch (TensorFlow 2.21), more than an epoch of a small corpus takes. These
    pipelines are cheap beside the step, so there is nothing to tune.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.deterministic = True
    return batches.prefetch(2).with_options(options)


def ragged(batch: tf.RaggedTensor | tf.Tensor) -> tf.RaggedTensor:
    """Returns a batch as ragged: `ragged_batch` gives a dense one where all records have the same static length."""
    return batch if isinstance(batch, tf.RaggedTensor) else tf.RaggedTensor.from_tensor(batch)
