"""Recurrent layers that one call of cuDNN runs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo import engine
from zoo.cells import Cell
from zoo.layers.recurrent import Recurrent


def run(
    layers: Sequence[Sequence[Any]],
    sequences: tf.Tensor,
    initial_state: Sequence[tf.Tensor] | None,
    *,
    mask: tf.Tensor | None,
    training: bool,
) -> tuple[tf.Tensor, list[tf.Tensor]] | None:
    """Runs a stack of recurrent layers as one call, where there is a GPU and their equations are cuDNN's.

    Args:
        layers: From the lowest up, each a layer, or one layer for either direction.
        sequences: `[batch, time, input]`.
        initial_state: The states of all layers in their order, or `None` for zeros.
        mask: `[batch, time]`, True at real steps, or `None`.
        training: Whether dropout is active. (There is none between the layers.)

    Returns:
        The top layer's output in the order of time and the last states of all layers; `None` if the layers must run
        one by one.
    """
    flat = [layer for directions in layers for layer in directions]
    together = all(_fits(layer, backwards=index == 1) for both in layers for index, layer in enumerate(both))
    if not together or len({layer.zero_output_for_mask for layer in flat}) > 1:
        return None
    stack = [[layer.cell for layer in directions] for directions in layers]
    if engine.refuses_one_call(stack, training=training):
        return None
    dtype = flat[0].cell.compute_dtype
    if initial_state is None:
        batch = tf.shape(sequences)[0]
        initial_state = [state for layer in flat for state in layer.get_initial_state(batch)]
    return engine.run_in_one_call(
        stack,
        tf.cast(sequences, dtype),
        [tf.cast(state, dtype) for state in keras.tree.flatten(initial_state)],
        mask=None if mask is None else tf.cast(mask, tf.bool),
        training=training,
        return_sequences=flat[-1].return_sequences,
        zero_output_for_mask=flat[-1].zero_output_for_mask,
    )


def _fits(layer: Any, *, backwards: bool) -> bool:
    """Whether a layer walks in the direction of its place, and nothing in it has to happen outside the call."""
    return (
        isinstance(layer, Recurrent)
        and isinstance(layer.cell, Cell)
        and layer.fast
        and layer.use_cudnn is not False
        and layer.go_backwards == backwards
        and not (layer.unroll or layer.stateful)
        and layer.activity_regularizer is None
    )
