"""The probability of each token of a text."""

from __future__ import annotations

import tensorflow as tf

from zoo.layers.decoder import Decoder

# A window's logits and inner tensors have about so many numbers (128 MiB), however long the texts.
_NUMBERS = 33_554_432


def window_size(decoder: Decoder, inputs: tf.Tensor) -> tf.Tensor:
    """Returns how many steps of int32 [rows, time] the decoder may read at once, int32 scalar, at least 1.

    Args:
        decoder: The decoder: what a step needs is told by its widths.
        inputs: What is to be read.
    """
    rows, time = tf.unstack(tf.shape(inputs))
    of_a_step = decoder.vocabulary_size + 6 * max(decoder.state_sizes)
    return tf.clip_by_value(_NUMBERS // tf.maximum(rows * of_a_step, 1), 1, tf.maximum(time, 1))


def token_log_probabilities(
    decoder: Decoder, states: list[tf.Tensor], inputs: tf.Tensor, targets: tf.Tensor
) -> tf.Tensor:
    """Returns log P(token | those before it), in the graph, a window of the texts at a time.

    Args:
        decoder: The decoder.
        states: Its first states.
        inputs: int32 [rows, time], what is read: begin, then the tokens; 0 is padding, on the right; time at least 1.
        targets: int32 [rows, time], the tokens, then end.

    Returns:
        float32 [rows, time], in nats, 0 at padding.
    """
    time = tf.shape(inputs)[1]
    window = window_size(decoder, inputs)
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
