"""States that a stream's next window goes on from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


class CarriedStates(tf.Module):
    """Holds, from one batch to the next, the last states of the streams that are read side by side.

    Every replica holds those of its own rows. They are no weights: nothing trains or saves them, and a stream's first
    window does not read them.
    """

    def __init__(self, sizes: Sequence[int], rows: int, dtype: Any = "float32", *, static_shapes: bool = False) -> None:
        """Makes the variables; under a strategy's scope, one for each replica.

        Args:
            sizes: Width of every state.
            rows: Of a usual batch; others are held as well.
            dtype: Of the states.
            static_shapes: Whether the variables keep the shape that they begin with. Batches of more rows are then
                refused.
        """
        super().__init__(name="carried_states")
        self._held = [
            tf.Variable(
                tf.zeros([rows, size], dtype),
                trainable=False,
                shape=[rows if static_shapes else None, size],
                synchronization=tf.VariableSynchronization.ON_READ,
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
                name=f"carried_{number}",
            )
            for number, size in enumerate(sizes)
        ]

    def read(self, rows: tf.Tensor) -> list[tf.Tensor]:
        """Returns the states, each [rows, size]; rows that were not there before are zeros.

        Args:
            rows: How many rows the batch has.
        """
        states = []
        for held in self._held:
            kept = tf.convert_to_tensor(held)[:rows]
            kept = tf.pad(kept, [[0, rows - tf.shape(kept)[0]], [0, 0]])
            states.append(tf.ensure_shape(kept, [None, held.shape[1]]))
        return states

    @property
    def variables(self) -> list[tf.Variable]:
        """The states, each [rows, size]: of every replica its own rows."""
        return list(self._held)

    def keep(self, states: Sequence[tf.Tensor]) -> None:
        """Takes the states at a window's end, each [rows, size]; no gradient flows back through them.

        Raises:
            ValueError: There are more rows than variables of a static shape have.
        """
        for held, state in zip(self._held, states, strict=True):
            state = tf.stop_gradient(tf.cast(state, held.dtype))
            if held.shape[0] is not None:
                state = _filled_up(state, held.shape[0])
            held.assign(state)


def _filled_up(state: tf.Tensor, rows: int) -> tf.Tensor:
    if state.shape[0] is not None and state.shape[0] > rows:
        raise ValueError(
            f"a batch has {state.shape[0]} rows, but states are carried of {rows}: with static shapes, batch_size can "
            "only be less than the configuration's"
        )
    return tf.ensure_shape(tf.pad(state, [[0, rows - tf.shape(state)[0]], [0, 0]]), [rows, None])
