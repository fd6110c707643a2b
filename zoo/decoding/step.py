"""What every search asks of a model: one pure step, and a say in its logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

State = Any
"""Any nest of tensors `[rows, ...]`: what a step remembers, and whatever else of a row it reads."""

Step = Callable[[tf.Tensor, State], tuple[tf.Tensor, State]]
"""`step(tokens, state) -> (logits, state)`: int32 `[rows]`, the nest -> float `[rows, vocabulary]`, the nest."""

Adjust = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
"""`adjust(logits, tokens, time) -> logits`: float32 `[rows, vocabulary]`; int32 `[rows, max_length]`, the tokens chosen
so far, of which the first `time` count; int32 scalar. At least one logit of a row must stay finite."""


def as_state(state: State) -> State:
    """Makes tensors of a nest's leaves."""
    return tf.nest.map_structure(tf.convert_to_tensor, state)


def advance(step: Step, tokens: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
    """Takes a step within a loop.

    Args:
        step: The model's step.
        tokens: int32 `[rows]`.
        state: A nest of tensors.

    Returns:
        The logits in float32, and the new state in the structure and static shapes of the old one, which a loop needs.

    Raises:
        ValueError: The new state has other parts than the old one.
    """
    logits, new_state = step(tokens, state)
    old, new = tf.nest.flatten(state), [tf.convert_to_tensor(part) for part in tf.nest.flatten(new_state)]
    if [part.dtype for part in old] != [part.dtype for part in new]:
        raise ValueError(
            f"a step must return the state it takes: it took {_described(old)} and returned {_described(new)}"
        )
    for before, after in zip(old, new, strict=True):
        after.set_shape(before.shape)
    return tf.cast(logits, tf.float32), tf.nest.pack_sequence_as(state, new)


def _described(parts: list[tf.Tensor]) -> str:
    return ", ".join(f"{part.dtype.name} {part.shape}" for part in parts) or "nothing"


def check_length(max_length: int | tf.Tensor) -> None:
    """Refuses a number of steps that is known to be below 1.

    Raises:
        ValueError: It is.
    """
    if isinstance(max_length, int) and max_length < 1:
        raise ValueError(f"`max_length` must be at least 1, got {max_length}")
