"""What each step of the input did for the output."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import keras
import tensorflow as tf


class Attribution:
    """Gradient times input of one layer's output (Denil et al. 2014; Li et al. 2016)."""

    def __init__(self, network: keras.Model, layer: str) -> None:
        """Cuts a network in two at a layer, without copying its weights.

        Args:
            network: A Functional model with dictionaries of inputs, `padding_mask` among them.
            layer: Name of a layer whose output is [batch, time, features].
        """
        features = network.get_layer(layer).output
        inputs = network.input
        self._before = keras.Model(inputs, features)
        self._after = keras.Model([features, inputs["padding_mask"]], network.output)

    def __call__(self, inputs: Mapping[str, tf.Tensor], score: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
        """Returns how far each step moves a score, to first order.

        Args:
            inputs: The network's inputs.
            score: From the network's output to a number for each record, [batch].

        Returns:
            Float32 [batch, time], 0 at padding.
        """
        features = self._before(inputs, training=False)
        with tf.GradientTape() as tape:
            tape.watch(features)
            scores = score(self._after([features, inputs["padding_mask"]], training=False))
        moved = tf.reduce_sum(tf.cast(tape.gradient(scores, features) * features, tf.float32), axis=-1)
        return tf.where(inputs["padding_mask"], moved, 0.0)
