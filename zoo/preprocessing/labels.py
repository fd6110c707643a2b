"""Labels of whole texts: their names, their order, and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf


def check_label(label: object, place: str) -> None:
    """Refuses what names no label.

    Args:
        label: What was given.
        place: Whose label it is, for the message.

    Raises:
        ValueError: It is None or NaN, or neither a text nor a number.
    """
    if label is None or (isinstance(label, (float, np.floating)) and np.isnan(label)):
        raise ValueError(f"{place} has no label; give it one or leave it out")
    if not isinstance(label, (str, bool, int, float, np.generic)):
        raise ValueError(f"{place} has the label {label!r}; give a text or a number")


def label_name(label: str | bool | float) -> str:
    """Returns the name of a label, a text or a number: 1.0 is "1", 4.5 is "4.5" and True "true"."""
    if isinstance(label, str):
        return label
    if isinstance(label, (bool, np.bool_)):
        return str(bool(label)).lower()
    return f"{label:g}" if isinstance(label, (float, np.floating)) else str(label)


def label_names(labels: tf.Tensor) -> tf.Tensor:
    """Returns the names of labels, texts or numbers, as `label_name` does: strings of the same shape.

    Raises:
        tf.errors.InvalidArgumentError: A number is NaN.
    """
    if labels.dtype == tf.string:
        return labels
    if not labels.dtype.is_floating:
        return tf.strings.as_string(labels)
    there = tf.reduce_all(~tf.math.is_nan(labels))
    missing = tf.debugging.Assert(there, ["a record has no label (NaN): give it one or leave it out"])
    with tf.control_dependencies([missing]):
        return tf.strings.as_string(labels, shortest=True)


def are_numbers(labels: Iterable[str]) -> bool:
    """Whether every label is a finite number, so that labels have an order of their own."""
    try:
        return bool(np.isfinite([float(label) for label in labels]).all())
    except ValueError:
        return False


def ordered_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Puts labels in order: of value where all are numbers, else of the alphabet."""
    labels = sorted(labels)
    return tuple(sorted(labels, key=float)) if are_numbers(labels) else tuple(labels)


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
