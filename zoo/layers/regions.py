"""Regions of a sequence: a convolution over neighbouring steps, and the largest values of a few neighbours."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.layers.windows import windows


@keras.saving.register_keras_serializable(package="zoo")
class Regions(keras.layers.Layer):
    """A convolution over neighbouring steps, ReLU, and the maximum over groups of `pool` steps (Collobert et al. 2011).

        r_t = max_{s in group t} relu(W [x_{s - left} .. x_{s + right}] + b)

    So a recurrent layer after it sees phrases, and takes `pool` times fewer steps. What stands at padding changes
    nothing: it is read as zeros, and is no part of a maximum.

    Input: float [batch, time, features] and a bool mask [batch, time]. Output: float [batch, ceil(time / pool),
    filters], zeros at padding, and the mask that belongs to it, bool [batch, ceil(time / pool)].

    Args:
        filters: Features of a region.
        width: Steps that the convolution sees; 0 leaves it out and only pools (`filters` then means nothing).
        pool: Steps of a group; 1 keeps all.
        **kwargs: Arguments of `keras.layers.Layer`.
    """

    def __init__(self, filters: int, width: int = 3, pool: int = 1, **kwargs: Any) -> None:
        """Makes the layer."""
        super().__init__(**kwargs)
        self.filters, self.width, self.pool = filters, width, pool

    def build(self, sequences_shape: tuple, mask_shape: tuple | None = None) -> None:
        """Creates kernel [width * features, filters] and bias [filters]."""
        if self.width:
            shape = (self.width * sequences_shape[-1], self.filters)
            self.kernel = self.add_weight(shape=shape, initializer="glorot_uniform", name="kernel")
            self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def call(self, sequences: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the regions and their mask."""
        real = tf.cast(mask, sequences.dtype)[:, :, tf.newaxis]
        regions = self._convolved(sequences * real) * real if self.width else sequences
        if self.pool == 1:
            return regions * real, mask
        # After a ReLU nothing is below the zeros at padding.
        lowest = tf.constant(0 if self.width else regions.dtype.min, regions.dtype)
        regions = tf.where(mask[:, :, tf.newaxis], regions, lowest)
        missing = -tf.shape(regions)[1] % self.pool
        regions = tf.pad(regions, [[0, 0], [0, missing], [0, 0]], constant_values=lowest)
        mask = tf.pad(mask, [[0, 0], [0, missing]])
        batch, groups, features = tf.shape(mask)[0], tf.shape(mask)[1] // self.pool, regions.shape[-1]
        pooled = tf.reduce_max(tf.reshape(regions, [batch, groups, self.pool, features]), axis=2)
        mask = tf.reduce_any(tf.reshape(mask, [batch, groups, self.pool]), axis=2)
        return tf.where(mask[:, :, tf.newaxis], pooled, tf.zeros([], pooled.dtype)), mask

    def _convolved(self, sequences: tf.Tensor) -> tf.Tensor:
        length = tf.shape(sequences)[1]
        flat = tf.reshape(windows(sequences, self.width), [-1, self.kernel.shape[0]])
        regions = tf.nn.relu(tf.matmul(flat, tf.convert_to_tensor(self.kernel)) + tf.convert_to_tensor(self.bias))
        return tf.reshape(regions, [-1, length, self.filters])

    def compute_output_spec(
        self, sequences: keras.KerasTensor, mask: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Returns [batch, ceil(time / pool), filters] and [batch, ceil(time / pool)]."""
        batch, time, features = sequences.shape
        time = None if time is None else -(-time // self.pool)
        features = self.filters if self.width else features
        return (
            keras.KerasTensor((batch, time, features), self.compute_dtype),
            keras.KerasTensor((batch, time), "bool"),
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "filters": self.filters, "width": self.width, "pool": self.pool}
