"""Group normalisation of images, with its gradient by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class GroupNormalization(keras.layers.GroupNormalization):
    """`keras.layers.GroupNormalization`, which a training step pays less for.

        x̂ = (x - μ) / sqrt(σ² + ε),    y = γ x̂ + β

    with μ and σ² over all places of one image and the channels of one group. Wu & He 2018, "Group Normalization".
    Unlike batch normalisation it is the same in training and afterwards, whoever else is in the batch, and on however
    many replicas the batch is spread.

    Keras' layer works on a tensor of rank 5, whose reductions and whose gradient are slow on a CPU. Here the sums of
    each channel come first, groups are made of those few numbers, and the gradient (Ioffe & Szegedy 2015, section 3)
    needs two more sums: a small residual network trains about twice as fast. Numbers and arguments are Keras'. A layer
    whose channels do not come last runs as Keras' own.

    Input and output: float `[batch, ..., channels]`, all but the batch known.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Normalises; without training in plain operations, which an export can hold."""
        shape = tuple(inputs.shape)
        if self.axis not in (-1, len(shape) - 1) or len(shape) < 3 or None in shape[1:]:
            return super().call(inputs)
        groups = shape[-1] if self.groups == -1 else self.groups
        wide = tf.cast(inputs, tf.float32) if inputs.dtype.size < 4 else inputs  # sums of squares overflow in half
        flat = tf.reshape(wide, [-1, inputs.shape[1:-1].num_elements(), shape[-1]])
        ones = tf.ones([shape[-1]], flat.dtype)
        gamma = tf.cast(tf.convert_to_tensor(self.gamma), flat.dtype) if self.scale else ones
        beta = tf.cast(tf.convert_to_tensor(self.beta), flat.dtype) if self.center else tf.zeros_like(ones)

        def normalise(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tuple[tf.Tensor, Callable]:
            return _normalised(x, gamma, beta, groups, self.epsilon)

        normal = tf.custom_gradient(normalise)(flat, gamma, beta) if training else normalise(flat, gamma, beta)[0]
        return tf.ensure_shape(tf.cast(tf.reshape(normal, tf.shape(inputs)), inputs.dtype), shape)

    def compute_output_spec(self, inputs: keras.KerasTensor, training: bool | None = None) -> Any:
        """Returns the input's shape."""
        del training
        return keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)


def _normalised(
    x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, groups: int, epsilon: float
) -> tuple[tf.Tensor, Callable]:
    """Normalises `[batch, places, channels]`; returns the result and its gradient."""
    places, channels = x.shape[1:]
    width = channels // groups

    def group_mean(sums: tf.Tensor) -> tf.Tensor:
        """Turns sums over places into means over places and group, `[batch, channels]`."""
        means = tf.reduce_sum(tf.reshape(sums, [-1, groups, width]), axis=-1) / (places * width)
        return tf.repeat(means, width, axis=1)

    mean = group_mean(tf.reduce_sum(x, axis=1))
    variance = group_mean(tf.reduce_sum(tf.square(x), axis=1)) - tf.square(mean)
    inverse = tf.math.rsqrt(tf.maximum(variance, 0.0) + epsilon)
    scale = gamma * inverse
    y = x * scale[:, tf.newaxis] + (beta - mean * scale)[:, tf.newaxis]

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # Sums over places of the gradient, and of the gradient times x - μ.
        plain = tf.reduce_sum(upstream, axis=1)
        centred = tf.reduce_sum(upstream * x, axis=1) - mean * plain
        slope = group_mean(gamma * centred) * inverse**3
        shift = group_mean(gamma * plain) * inverse - slope * mean
        d_x = upstream * scale[:, tf.newaxis] - (x * slope[:, tf.newaxis] + shift[:, tf.newaxis])
        return d_x, tf.reduce_sum(centred * inverse, axis=0), tf.reduce_sum(plain, axis=0)

    return y, gradient
