"""One vector for a sequence."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

_MODES = ("mean", "max", "attention")


@keras.saving.register_keras_serializable(package="zoo")
class SequencePooling(keras.layers.Layer):
    """Makes one vector of a sequence's real steps.

    - `mean`: their average.
    - `max`: the largest value of each feature (Collobert et al. 2011).
    - `attention`: an average whose weights are learnt, softmax_t(v · tanh(W h_t + b)) (Yang et al. 2016, "Hierarchical
      attention networks for document classification", equations 5 to 7).

    Input: float [batch, time, features] and a bool mask [batch, time]. Output: float [batch, features]; zeros for a
    sequence without real steps.

    Args:
        mode: One of these.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: An unknown mode.
    """

    def __init__(self, mode: str = "max", **kwargs: Any) -> None:
        """Makes the layer."""
        super().__init__(**kwargs)
        if mode not in _MODES:
            raise ValueError(f"SequencePooling has no mode {mode!r}; allowed: {', '.join(_MODES)}")
        self.mode = mode
        self.supports_masking = True
        if mode == "attention":
            # As deep as the text is wide is what the paper has.
            self.hidden = None
            self.score = keras.layers.Dense(1, use_bias=False, name="score", dtype=self.dtype_policy)

    def build(self, sequences_shape: tuple, mask_shape: tuple | None = None) -> None:
        """Creates the attention's weights: W [features, features], b [features], v [features, 1]."""
        if self.mode == "attention":
            features = sequences_shape[-1]
            self.hidden = keras.layers.Dense(features, activation="tanh", name="hidden", dtype=self.dtype_policy)
            self.hidden.build(sequences_shape)
            self.score.build(sequences_shape)

    def call(self, sequences: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Returns the vectors."""
        real = mask[:, :, tf.newaxis]
        if self.mode == "max":
            lowest = tf.constant(sequences.dtype.min, sequences.dtype)
            largest = tf.reduce_max(tf.where(real, sequences, lowest), axis=1)
            return tf.where(tf.reduce_any(mask, axis=1, keepdims=True), largest, tf.zeros([], largest.dtype))
        if self.mode == "mean":
            weights = tf.cast(real, sequences.dtype)
        else:
            scores = tf.cast(self.score(self.hidden(sequences)), tf.float32)
            scores = tf.where(real, scores, scores.dtype.min)
            weights = tf.exp(scores - tf.reduce_max(scores, axis=1, keepdims=True))
            weights = tf.cast(tf.where(real, weights, 0.0), sequences.dtype)
        total = tf.reduce_sum(sequences * weights, axis=1)
        return tf.math.divide_no_nan(total, tf.reduce_sum(weights, axis=1))

    def compute_mask(self, *inputs: Any, **masks: Any) -> None:
        """Returns None: there are no steps any more."""

    def compute_output_spec(self, sequences: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
        """Returns [batch, features]."""
        return keras.KerasTensor((sequences.shape[0], sequences.shape[-1]), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "mode": self.mode}
