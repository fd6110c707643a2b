"""Ready-made hooks for `adjust`: tokens that must not come, tokens that have come already."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from zoo.decoding.step import Adjust


def forbidding(token_ids: Sequence[int], *, before: int | tf.Tensor | None = None) -> Adjust:
    """Makes some tokens impossible: padding and unknown words always, the end token in the first steps.

    Args:
        token_ids: What must not be chosen.
        before: Only in the first `before` steps; None means always.

    Returns:
        The hook.

    Raises:
        ValueError: No token is named.
    """
    if not token_ids:
        raise ValueError("`forbidding` needs at least one token id")
    forbidden = list(token_ids)

    def adjust(logits: tf.Tensor, tokens: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        del tokens
        ids = tf.range(tf.shape(logits)[-1])
        impossible = tf.reduce_any(ids == tf.constant(forbidden)[:, tf.newaxis], axis=0)
        if before is not None:
            impossible &= time < before
        return tf.where(impossible, float("-inf"), logits)

    return adjust


def repetition_penalty(penalty: float | tf.Tensor) -> Adjust:
    """Makes tokens that have been chosen before less likely: a positive logit is divided, a negative one multiplied.

    Keskar et al. 2019, "CTRL: A Conditional Transformer Language Model for Controllable Generation", section 4.1.

    Args:
        penalty: Above 0; 1 changes nothing, 1.2 is usual.

    Returns:
        The hook.
    """

    def adjust(logits: tf.Tensor, tokens: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        rows, length = tf.unstack(tf.shape(tokens))
        row_ids = tf.repeat(tf.range(rows)[:, tf.newaxis], length, axis=1)
        chosen = tf.repeat(tf.cast(tf.range(length) < time, tf.int32)[tf.newaxis], rows, axis=0)
        times = tf.scatter_nd(tf.stack([row_ids, tokens], axis=-1), chosen, tf.shape(logits))
        return tf.where(times > 0, tf.where(logits > 0, logits / penalty, logits * penalty), logits)

    return adjust


def in_turn(*adjustments: Adjust) -> Adjust:
    """Applies several hooks, the first one first."""

    def adjust(logits: tf.Tensor, tokens: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        for each in adjustments:
            logits = each(logits, tokens, time)
        return logits

    return adjust
