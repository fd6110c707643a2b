"""Scheduled sampling: which tokens a decoder reads in training when some are its own choices."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.decoding import State, Step, draw
from zoo.decoding.step import advance, as_state


def mixed(
    step: Step,
    tokens: tf.Tensor,
    states: Sequence[tf.Tensor],
    mask: tf.Tensor | None,
    *,
    rate: float | tf.Tensor,
    sampled: bool,
    seeds: keras.random.SeedGenerator,
) -> tf.Tensor:
    """Walks through sequences, now and then replacing a token by what the model chose in the step before.

    The first real token of a sequence is never replaced. The walk ends at the last token that is.

    Args:
        step: The decoder's step.
        tokens: int `[batch, time]`, what teacher forcing reads.
        states: The first states.
        mask: `[batch, time]`, True at real steps, or None.
        rate: Probability that a token is replaced, scalar.
        sampled: Whether choices are drawn, else the most probable tokens.
        seeds: Where random numbers come from.

    Returns:
        int32 `[batch, time]`.
    """
    tokens = tf.cast(tokens, tf.int32)
    given = tf.transpose(tokens)
    length = tf.shape(given)[0]
    real = tf.ones_like(given, tf.bool) if mask is None else tf.transpose(tf.cast(mask, tf.bool))
    rate = tf.cast(tf.convert_to_tensor(rate), tf.float32)
    own = real & (keras.random.uniform(tf.shape(given), dtype="float32", seed=seeds) < rate)
    last = tf.reduce_max(tf.concat([[0], tf.where(tf.reduce_any(own, axis=1), tf.range(length), 0)], axis=0))
    seed = _seed(seeds)
    read = tf.TensorArray(tf.int32, length, element_shape=given.shape[1:], clear_after_read=False).unstack(given)

    def one_more(time: tf.Tensor, states: State, choice: tf.Tensor, read: tf.TensorArray) -> tuple:
        logits, new_states = advance(step, read.read(time), states)
        if sampled:
            best = draw(logits, tf.stack([seed, tf.cast(time, tf.int64)]))
        else:
            best = tf.argmax(logits, axis=-1, output_type=tf.int32)
        choice = tf.where(real[time], best, choice)
        states = tf.nest.map_structure(
            lambda new, old: tf.where(real[time][:, tf.newaxis], new, old), new_states, states
        )
        token = tf.where(own[time + 1] & (choice >= 0), choice, given[time + 1])
        return time + 1, states, choice, read.write(time + 1, token)

    nothing_yet = tf.fill(tf.shape(given)[1:], -1)
    start = (tf.constant(0), as_state(list(states)), nothing_yet, read)
    *_, read = tf.while_loop(lambda time, *_: time < last, one_more, start)
    return tf.ensure_shape(tf.transpose(read.stack()), tokens.shape)


def _seed(seeds: keras.random.SeedGenerator) -> tf.Tensor:
    """Returns an int64 scalar, another one at every call."""
    high, low = tf.unstack(tf.cast(tf.convert_to_tensor(seeds.next()), tf.int64))
    return high * 2**32 + low
