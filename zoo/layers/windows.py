"""What a convolution over time sees at each step."""

from __future__ import annotations

import tensorflow as tf


def windows(sequences: tf.Tensor, width: int) -> tf.Tensor:
    """Lays neighbouring steps side by side, zeros beyond the ends, so that one matrix product is a convolution.

    TensorFlow's own convolution fails on an empty batch (a replica's share). Copies are made by `tf.slice`: backwards
    each is one padding, where `sequences[:, k:]` would take more time than all the rest.

    Args:
        sequences: [batch, time, features].
        width: Steps that are seen; of an even number one more follows than goes before.

    Returns:
        [batch, time, width * features].
    """
    left = (width - 1) // 2
    padded = tf.pad(sequences, [[0, 0], [left, width - 1 - left], [0, 0]])
    length = tf.shape(sequences)[1]
    return tf.concat([tf.slice(padded, [0, k, 0], [-1, length, -1]) for k in range(width)], axis=2)
