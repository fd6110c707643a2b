"""Forgetting known words in training, so that the unknown word is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class TokenDropout(keras.layers.Layer):
    """Replaces ids by the unknown id in training, rare ones more often (Kiperwasser & Goldberg 2016, section 4.1).

    Input: int [batch, time] ids. Output: the same shape and dtype. Give padding the rate 0.
    """

    def __init__(self, rates: Sequence[float], unknown_id: int = 1, seed: int | None = None, **kwargs: Any) -> None:
        """Makes the layer.

        Args:
            rates: Probability that a token is replaced, one for each id.
            unknown_id: What replaces it.
            seed: Of the layer's random numbers.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.rates, self.unknown_id, self.seed = [float(rate) for rate in rates], unknown_id, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, token_ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the ids, some of them unknown if `training`."""
        if not training:
            return token_ids
        chance = keras.random.uniform(tf.shape(token_ids), seed=self.seed_generator)
        return tf.where(chance < tf.gather(tf.constant(self.rates), token_ids), self.unknown_id, token_ids)

    def compute_output_spec(self, token_ids: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """Returns the input's own shape and dtype."""
        return keras.KerasTensor(token_ids.shape, token_ids.dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "rates": self.rates, "unknown_id": self.unknown_id, "seed": self.seed}
