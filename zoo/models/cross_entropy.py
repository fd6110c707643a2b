"""The cross entropy of classes, in nats, as every task's loss has it."""

from __future__ import annotations

import tensorflow as tf


def nats(classes: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Returns -log softmax(logits) at the classes, in float32 whatever the logits are in.

    `tf.nn.sparse_softmax_cross_entropy_with_logits` checks, where shapes are not known before, that they go together,
    and its message is a string, which no TPU takes.

    Args:
        classes: int [...], none below 0 or beyond the last class.
        logits: [..., classes].

    Returns:
        float32 [...].
    """
    rows = tf.reshape(tf.cast(logits, tf.float32), tf.stack([-1, tf.shape(logits)[-1]]))
    values = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=rows, labels=tf.reshape(classes, [-1]))
    return tf.ensure_shape(tf.reshape(values.loss, tf.shape(classes)), classes.shape)
