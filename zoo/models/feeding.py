"""From records to batches: what every task shares of its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import tensorflow as tf

from zoo.config.training import TrainingConfig
from zoo.models.answering import BATCH, TOKEN_BUDGET
from zoo.preprocessing.batching import bucketed, most_rows, shuffled, streamed, without_first
from zoo.preprocessing.static_shapes import Lengths, filled_up, known_lengths, rows_by_length
from zoo.training.replica_inputs import distributed, in_replicas
from zoo.training.replica_rows import for_replicas
from zoo.training.replica_safe import ReplicaSafe


class Fed(ReplicaSafe):
    """A model that composes its batches from raw records, shuffled, of similar length, and cut for its replicas.

    A subclass says how long a record is and what a batch becomes, and has these attributes.

    Attributes:
        config: The frozen configuration.
    """

    config: TrainingConfig

    def __init__(self, **kwargs: Any) -> None:
        """Begins in the first epoch.

        Args:
            **kwargs: Arguments of `keras.Model`.
        """
        super().__init__(**kwargs)
        # The order of the training records is a function of this number: set by the schedule at each epoch's start.
        self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False, name="epoch")
        # Batches of this epoch that an interrupted run has learnt from: more than 0 only in the epoch it goes on with.
        self._steps_done = tf.Variable(0, dtype=tf.int64, trainable=False, name="steps_done")

    # What a subclass says.

    def prepared(self, records: tf.data.Dataset, training: bool) -> tf.data.Dataset:
        """Returns single records as they are batched, for example cut to a length; as they are, unless overridden."""
        return records

    def length(self, record: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns how many time steps a prepared record has, a scalar."""
        raise TypeError(f"{type(self).__name__} does not say how long a record is: define length()")

    def tensors(self, batch: Mapping[str, tf.Tensor], training: bool) -> tuple[Any, Any]:
        """Returns (inputs, targets) of a padded batch of prepared records."""
        raise TypeError(f"{type(self).__name__} does not say what a batch becomes: define tensors()")

    def fixed_lengths(self, training: bool) -> Lengths:
        """Returns the lengths that the time axis of `token_ids`, its last, may have with static shapes."""
        return known_lengths(self.config.bucket_boundaries)

    def fillings(self, training: bool) -> tuple[Any, Any]:
        """Returns how what `tensors` returns is filled up with static shapes: a `Filling` for every tensor.

        What is filled in must weigh nothing in `loss_terms` and `update_evaluation`.
        """
        raise TypeError(f"{type(self).__name__} does not say what lengths its tensors have: define fillings()")

    # What it gets.

    def batches(self, records: tf.data.Dataset, training: bool, batch_size: int | None = None) -> tf.data.Dataset:
        """Returns batches of (inputs, targets) of records of similar length, shuffled if training.

        Args:
            records: Single raw records.
            training: Whether they are to be learnt from.
            batch_size: Records a batch; default: the configuration's, or 256 in evaluation (but not where shapes are
                static).
        """
        arranged = self._arranged(records, training, batch_size)
        return streamed(arranged.map(self._as_tensors(training, batch_size)))

    def replica_batches(
        self, records: tf.data.Dataset, training: bool, batch_size: int | None = None
    ) -> tf.data.Dataset | tf.distribute.DistributedDataset:
        """Returns what `batches` does; under a strategy each batch is cut into one part for each replica.

        A worker makes tensors of its own replicas' rows only, but of the same batches as one device alone would have,
        so that the result is the same.

        Args:
            records: As `batches`.
            training: As `batches`.
            batch_size: As `batches`; of all replicas together.

        Raises:
            ValueError: Shapes are static, and so many records cannot be cut into equal parts.
        """
        strategy = self.distribute_strategy
        if not in_replicas(strategy):
            return self.batches(records, training, batch_size)
        return distributed(strategy, partial(self.worker_batches, records, training=training, batch_size=batch_size))

    def worker_batches(
        self,
        records: tf.data.Dataset,
        context: tf.distribute.InputContext,
        training: bool,
        batch_size: int | None = None,
    ) -> tf.data.Dataset:
        """Returns the parts of `batches` that the replicas of one worker read, one behind the other.

        Args:
            records: As `batches`.
            context: Says which worker this is, and how many replicas there are.
            training: As `batches`.
            batch_size: As `batches`; of all replicas together.

        Raises:
            ValueError: Shapes are static, and so many records cannot be cut into equal parts.
        """
        replicas, size = context.num_replicas_in_sync, self.rows(training, batch_size)
        if self.static_shapes and size % replicas:
            raise ValueError(
                f"batch_size={size} cannot be cut into {replicas} equal parts, one for each replica, as static shapes "
                f"need them: take a multiple of {replicas}"
            )
        parts = for_replicas(self._arranged(records, training, batch_size), context)
        return streamed(parts.map(self._as_tensors(training, batch_size, replicas)))

    def _arranged(self, records: tf.data.Dataset, training: bool, batch_size: int | None) -> tf.data.Dataset:
        """Returns batches before they become tensors; in training without those that are done in this epoch."""
        batches = self.arranged(self.prepared(records, training), training, batch_size)
        return without_first(batches, self._steps_done) if training else batches

    def _as_tensors(self, training: bool, batch_size: int | None, replicas: int = 1) -> Callable[..., tuple[Any, Any]]:
        """Returns the function from batches of records, or a replica's parts of them, to inputs and targets."""
        if not self.static_shapes:
            return lambda batch: self.tensors(batch, training)
        lengths, fillings = self.fixed_lengths(training), self.fillings(training)
        size, budget = self.rows(training, batch_size), self.token_budget(training=True)

        def rows(length: int) -> int:
            return -(-most_rows(length, size, self.config.bucket_boundaries, budget) // replicas)

        rows_of = rows_by_length(lengths, rows)

        def filled(batch: Mapping[str, tf.Tensor]) -> tuple[Any, Any]:
            x, y = self.tensors(batch, training)
            return filled_up((x, y), rows_of(tf.shape(x["token_ids"])[-1]), fillings)

        return filled

    @property
    def static_shapes(self) -> bool:
        """Whether every batch has one of a few shapes: as the configuration has it, or on a TPU."""
        return self.config.static_shapes or isinstance(self.distribute_strategy, tf.distribute.TPUStrategy)

    def rows(self, training: bool, batch_size: int | None = None) -> int:
        """Returns how many records a batch for all replicas has, if they are not too long for that.

        Args:
            training: Whether they are to be learnt from.
            batch_size: What was asked for; None for the default.
        """
        return batch_size or (self.config.batch_size if training or self.static_shapes else BATCH)

    def arranged(self, records: tf.data.Dataset, training: bool, batch_size: int | None) -> tf.data.Dataset:
        """Returns padded batches of prepared records of similar length, shuffled if training.

        Args:
            records: Prepared records.
            training: Whether they are to be learnt from.
            batch_size: As `batches`.
        """
        config = self.config
        if training:
            records = shuffled(records, config.shuffle_buffer, config.seed, self._epoch)
        size, budget = self.rows(training, batch_size), self.token_budget(training or self.static_shapes)
        return bucketed(records, self.length, size, config.bucket_boundaries, budget)

    def examples(self, records: tf.data.Dataset) -> int:
        """Counts what the speed of training is told in; the records, unless overridden."""
        known = int(records.cardinality())
        return known if known >= 0 else int(records.reduce(0, lambda total, _: total + 1))

    def token_budget(self, training: bool) -> int | None:
        """Returns how many time steps a batch may hold, padding included, or None for no limit."""
        return None if training else TOKEN_BUDGET
