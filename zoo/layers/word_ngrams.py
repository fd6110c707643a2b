"""Numbers for neighbouring words, by hashing."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

_MULTIPLIER = 0x9E3779B97F4A7C15 - (1 << 64)  # 2^64 over the golden ratio (Knuth), as the signed number it is in int64


@keras.saving.register_keras_serializable(package="zoo")
class WordNGrams(keras.layers.Layer):
    """Numbers the n-gram that ends at each word, for all n from 2 to `longest`, by hashing (Joulin et al. 2017).

    Input: int [batch, time] ids, 0 = padding on the right. Output: int32 [batch, time, longest - 1]: numbers from 1 to
    `buckets`, 0 where there is no such n-gram (at padding, and at the first n - 1 words).
    """

    def __init__(self, longest: int, buckets: int, **kwargs: Any) -> None:
        """Makes the layer.

        Args:
            longest: The largest n, at least 2.
            buckets: How many numbers there are.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.longest, self.buckets = longest, buckets

    def call(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Returns the numbers."""
        ids = tf.cast(token_ids, tf.int64)
        hashed, numbers = _mixed(ids), []
        for n in range(2, self.longest + 1):
            # The hash of the n - 1 words that end one place to the left, then this word.
            earlier = tf.pad(hashed[:, :-1], [[0, 0], [1, 0]])
            hashed = _mixed(earlier + ids)
            bucket = tf.math.floormod(hashed, self.buckets) + 1
            there = (ids > 0) & (tf.range(tf.shape(ids)[1]) >= n - 1)
            numbers.append(tf.where(there, bucket, 0))
        return tf.cast(tf.stack(numbers, axis=-1), tf.int32)

    def compute_output_spec(self, token_ids: keras.KerasTensor) -> keras.KerasTensor:
        """Returns [batch, time, longest - 1]."""
        return keras.KerasTensor((*token_ids.shape, self.longest - 1), "int32")

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "longest": self.longest, "buckets": self.buckets}


def _mixed(numbers: tf.Tensor) -> tf.Tensor:
    """Makes every bit of int64 numbers depend on every bit (multiply and fold, twice)."""
    numbers *= _MULTIPLIER
    numbers = tf.bitwise.bitwise_xor(numbers, tf.bitwise.right_shift(numbers, tf.constant(32, tf.int64)))
    numbers *= _MULTIPLIER
    return tf.bitwise.bitwise_xor(numbers, tf.bitwise.right_shift(numbers, tf.constant(32, tf.int64)))
