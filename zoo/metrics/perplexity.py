"""Means over tokens: how uncertain a model is, as perplexity and in bits."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class TokenMean(keras.metrics.Mean):
    """The mean over all tokens, whatever the shape of the batches they came in.

    Keras' own `Mean` takes values [rows, time] as one value a row, the mean over time; so a token of a batch of few
    steps would count more than one of a batch of many.
    """

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Counts values of any shape.

        Args:
            values: One a token.
            sample_weight: Their weights, of the same shape: 0 at padding.
        """
        weights = None if sample_weight is None else tf.reshape(sample_weight, [-1])
        super().update_state(tf.reshape(values, [-1]), weights)


@keras.saving.register_keras_serializable(package="zoo")
class Perplexity(TokenMean):
    """The exponential of the mean loss in nats: among how many equally likely tokens the model might as well choose.

    `update_state` takes the nats of each token, and their weights. The mean is that over all tokens of all replicas.
    """

    def __init__(self, name: str = "perplexity", dtype: str | None = None) -> None:
        """Makes the metric."""
        super().__init__(name=name, dtype=dtype)

    def result(self) -> tf.Tensor:
        """Returns the perplexity so far, a scalar."""
        return tf.exp(super().result())


@keras.saving.register_keras_serializable(package="zoo")
class BitsPerCharacter(keras.metrics.Mean):
    """What an optimal code made with the model would need, in bits for each character of the texts.

    The end of a text is something that the model has to say as well, but no character: what it costs is shared among
    the characters.
    """

    def __init__(self, name: str = "bits_per_character", dtype: str | None = None) -> None:
        """Makes the metric."""
        super().__init__(name=name, dtype=dtype)

    def update_state(self, nats: Any, characters: Any) -> None:
        """Counts what was said.

        Args:
            nats: Of each token, of any shape; 0 at padding.
            characters: How many characters each token is: 1, or 0 for the end of a text and padding.
        """
        self.total.assign_add(tf.cast(tf.reduce_sum(nats), self.total.dtype))
        self.count.assign_add(tf.cast(tf.reduce_sum(characters), self.count.dtype))

    def result(self) -> tf.Tensor:
        """Returns the bits a character so far, a scalar."""
        return super().result() / tf.math.log(2.0)
