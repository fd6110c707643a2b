"""What the units of a recurrent layer hold while a text is read."""

from __future__ import annotations

import tensorflow as tf

from zoo.layers.decoder import Decoder


def unit_states(decoder: Decoder, states: list[tf.Tensor], inputs: tf.Tensor, layer: int) -> tf.Tensor:
    """Reads token by token and keeps one layer's memory.

    Of a cell's states the last is its memory: c of an LSTM, which has no bounds and is shown as tanh(c), as the cell
    itself reads it; h of a cell with one state, whose range is that of its activation, and which is cut to [-1, 1].

    Args:
        decoder: The decoder.
        states: Its first states, each [1, units].
        inputs: int32 [1, time].
        layer: Which layer, from 0.

    Returns:
        float32 [time, units], between -1 and 1.
    """
    counts = [each.cell.state_count for each in decoder.layers]
    place = sum(counts[: layer + 1]) - 1
    bounded = tf.tanh if counts[layer] > 1 else lambda h: tf.clip_by_value(h, -1.0, 1.0)

    @tf.function(autograph=False)
    def read(inputs: tf.Tensor, states: list[tf.Tensor]) -> tf.Tensor:
        step, length = decoder.stepper(), tf.shape(inputs)[1]
        kept = tf.TensorArray(tf.float32, length, element_shape=states[place].shape[1:])

        def one_more(time: tf.Tensor, states: list[tf.Tensor], kept: tf.TensorArray) -> tuple:
            _, states = step(inputs[:, time], states)
            return time + 1, states, kept.write(time, bounded(tf.cast(states[place][0], tf.float32)))

        *_, kept = tf.while_loop(lambda time, *_: time < length, one_more, (tf.constant(0), states, kept))
        return kept.stack()

    return read(inputs, states)
