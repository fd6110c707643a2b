"""Words as one-hot vectors, the representation that embeddings replaced."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class OneHot(keras.layers.Layer):
    """Turns int [batch, time] ids into float [batch, time, num_ids] one-hot vectors; id 0 (padding) becomes zeros."""

    def __init__(self, num_ids: int, **kwargs: Any) -> None:
        """Makes the layer.

        Args:
            num_ids: Distinct ids, padding included.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.num_ids = num_ids

    def call(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Returns the vectors."""
        vectors = tf.one_hot(token_ids, self.num_ids, dtype=self.compute_dtype)
        return vectors * tf.cast(token_ids > 0, vectors.dtype)[:, :, tf.newaxis]

    def compute_output_spec(self, token_ids: keras.KerasTensor) -> keras.KerasTensor:
        """Returns [batch, time, num_ids]."""
        return keras.KerasTensor((*token_ids.shape, self.num_ids), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "num_ids": self.num_ids}
