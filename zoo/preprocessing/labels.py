"""Labels of whole texts, and their numbers."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


class LabelCodec(tf.Module):
    """Numbers the labels that were learnt; any other is refused by name.

    Attributes:
        labels: The known labels, in the order of their numbers, from 0.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        """Builds the look-up table.

        Args:
            labels: At least one.
        """
        super().__init__(name="label_codec")
        self.labels = tuple(labels)
        numbers = tf.lookup.KeyValueTensorInitializer(tf.constant(self.labels), tf.range(len(self.labels)))
        self._numbers = tf.lookup.StaticHashTable(numbers, -1)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def encode(self, labels: tf.Tensor) -> tf.Tensor:
        """Numbers labels, strings [batch]: int32 [batch].

        Raises:
            tf.errors.InvalidArgumentError: A label that training did not have.
        """
        numbers = self._numbers.lookup(labels)
        unseen = tf.boolean_mask(labels, numbers < 0)
        message = (
            f"labels that the model has not learnt (it knows {', '.join(self.labels)}; "
            "train on records that have all labels):"
        )
        with tf.control_dependencies([tf.debugging.Assert(tf.equal(tf.size(unseen), 0), [message, unseen])]):
            return tf.identity(numbers)

    def decode(self, numbers: tf.Tensor) -> tf.Tensor:
        """Names labels, int32 [batch]: strings [batch]."""
        return tf.gather(tf.constant(self.labels), numbers)
