"""The probability of each token of a text."""

from __future__ import annotations

import tensorflow as tf

from zoo.layers.decoder import Decoder

# Logits are made of so many numbers at a time (64 MiB), however long the texts and large the vocabulary.
_LOGITS = 16_777_216


def token_log_probabilities(
    decoder: Decoder, states: list[tf.Tensor], inputs: tf.Tensor, targets: tf.Tensor
) -> tf.Tensor:
    """Returns log P(token | those before it), in the graph, a window of the texts at a time.

    Args:
        decoder: The decoder.
        states: Its first states.
        inputs: int32 [rows, time], what is read: begin, then the tokens; 0 is padding, on the right.
        targets: int32 [rows, time], the tokens, then end.

    Returns:
        float32 [rows, time], in nats, 0 at padding.
    """
    rows, time = tf.unstack(tf.shape(inputs))
    window = tf.clip_by_value(_LOGITS // tf.maximum(rows * decoder.vocabulary_size, 1), 1, time)
    parts = tf.TensorArray(tf.float32, (time + window - 1) // window, element_shape=[None, None], infer_shape=False)

    def one_more(part: tf.Tensor, states: list[tf.Tensor], parts: tf.TensorArray) -> tuple:
        place = slice(part * window, (part + 1) * window)
        read, wanted = inputs[:, place], targets[:, place]
        logits, after = decoder(read, states=states, mask=read > 0, training=False)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, logits)
        after = [tf.ensure_shape(new, old.shape) for new, old in zip(after, states, strict=True)]
        return part + 1, after, parts.write(part, tf.transpose(tf.where(wanted > 0, -nats, 0.0)))

    start = (tf.constant(0), [tf.identity(state) for state in states], parts)
    *_, parts = tf.while_loop(lambda part, *_: part * window < time, one_more, start)
    return tf.ensure_shape(tf.transpose(parts.concat()), [inputs.shape[0], None])
