"""Classes in an order: how far along a line a text lies, and where the classes begin."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class OrdinalLogits(keras.layers.Layer):
    """Logits of "the class is above k" for every k but the last, from one score and ordered thresholds.

        P(y > k) = σ(w · x - θ_k),   θ_0 < θ_1 < ...

    One score for all thresholds makes the answers consistent (McCullagh 1980, "Regression models for ordinal data";
    Cao, Mirjalili & Raschka 2020, CORAL, equation 4); the thresholds are a first one and the logarithms of the steps
    between them, so that they stay in order in every moment of training.

    Input: float [batch, features]. Output: float [batch, classes - 1], falling from left to right.

    Args:
        classes: How many classes there are, at least 2.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    def __init__(self, classes: int, **kwargs: Any) -> None:
        """Makes the layer."""
        super().__init__(**kwargs)
        if classes < 2:
            raise ValueError(f"OrdinalLogits puts at least 2 classes in order, got {classes}")
        self.classes = classes

    def build(self, features_shape: tuple) -> None:
        """Creates kernel [features, 1], the first threshold [1] and the logarithms of the steps [classes - 2]."""
        self.kernel = self.add_weight(shape=(features_shape[-1], 1), initializer="glorot_uniform", name="kernel")
        middle = keras.initializers.Constant(1.0 - self.classes / 2)  # thresholds one apart, around 0
        self.first = self.add_weight(shape=(1,), initializer=middle, name="first_threshold")
        self.log_steps = self.add_weight(shape=(self.classes - 2,), initializer="zeros", name="log_steps")

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Returns the logits."""
        steps = tf.cumsum(tf.exp(tf.convert_to_tensor(self.log_steps)))
        thresholds = tf.convert_to_tensor(self.first) + tf.concat([tf.zeros([1], steps.dtype), steps], axis=0)
        return tf.matmul(features, tf.convert_to_tensor(self.kernel)) - thresholds

    def compute_output_spec(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Returns [batch, classes - 1]."""
        return keras.KerasTensor((features.shape[0], self.classes - 1), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "classes": self.classes}
