"""A cell run over time."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo import engine
from zoo.cells import Cell


@keras.saving.register_keras_serializable(package="zoo")
class Recurrent(keras.layers.RNN):
    """Runs a cell over the time axis, as `keras.layers.RNN` does, only faster.

    Arguments, masks, states, weights and numbers are those of `keras.layers.RNN`. A cell of this library runs in the
    engine (`zoo.engine`): products that do not depend on time are made once for all steps, and the loop is compiled
    where that pays; a batch whose sequences have no step at all is not an error. Any other cell (Keras' own, or a list
    of cells) runs in Keras' loop.

    Call arguments:
        sequences: `[batch, time, input]`.
        initial_state: The first states, each `[batch, units]`; zeros by default, or, if `stateful`, the last batch's
            states.
        mask: `[batch, time]`, True at real steps. A masked step changes no state.
        training: Whether dropout is active.
        in_order_of_time: With `go_backwards` and `return_sequences`, whether the outputs come in the order of the input
            all the same.

    Returns (of a call):
        The outputs, `[batch, time, output_size]` if `return_sequences`, else the last real step's, `[batch,
        output_size]`. If `return_state`, a tuple of that and the last states.

    Args:
        cell: A cell of this library, or any cell (or list of cells) that `keras.layers.RNN` accepts.
        return_sequences: Whether to return the output of every step.
        return_state: Whether to return the last states too.
        go_backwards: Whether to walk from the last step to the first; the outputs then come in reversed order.
        stateful: Whether a batch starts from the last states of the batch before. Needs a fixed batch size.
        unroll: Whether to write every step into the graph. Needs a fixed number of steps.
        zero_output_for_mask: With `return_sequences`, whether masked steps give zeros; else they repeat the output
            before them.
        fast: Whether the engine may choose a way that has first derivatives only. False runs the plain loop of
            TensorFlow operations, which differentiates any number of times.
        **kwargs: `activity_regularizer`, `name`, `dtype`, `trainable`.
    """

    use_cudnn: bool | str = "auto"

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        fast: bool = True,
        **kwargs: Any,
    ) -> None:
        """Stores the arguments."""
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            **kwargs,
        )
        self.fast = fast

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Builds the cell."""
        super().build(sequences_shape, initial_state_shape)
        # Keras would compile the whole model by XLA, which has no cuDNN.
        if isinstance(self.cell, Cell) and self.fast and self.use_cudnn is not False and engine.takes_cudnn(self.cell):
            self.supports_jit = False

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = False,
        in_order_of_time: bool = False,
    ) -> Any:
        """Runs the cell; see the class for shapes."""
        if not isinstance(self.cell, Cell):
            results = super().call(sequences, initial_state=initial_state, mask=mask, training=training)
            return self._turned(results) if in_order_of_time else results
        self._check_lengths(sequences)
        if initial_state is None:
            initial_state = self.states if self.stateful else self.get_initial_state(tf.shape(sequences)[0])
        output, states = self._run(sequences, initial_state, mask, training, in_order_of_time)
        output = tf.cast(output, self.compute_dtype)
        states = [tf.cast(state, self.compute_dtype) for state in states]
        if self.stateful:
            for variable, state in zip(self.states, states, strict=True):
                variable.assign(state)
        return (output, *states) if self.return_state else output

    def _run(
        self, sequences: tf.Tensor, states: Any, mask: Any, training: bool | None, in_order_of_time: bool
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        dtype = self.cell.compute_dtype
        states = [tf.cast(tf.convert_to_tensor(state), dtype) for state in keras.tree.flatten(states)]
        mask = mask_of_sequences(mask)
        schedule = engine.Schedule(
            go_backwards=self.go_backwards,
            unroll=self.unroll,
            return_sequences=self.return_sequences,
            zero_output_for_mask=self.zero_output_for_mask,
            fast=self.fast,
            cudnn=self.use_cudnn is not False,
            in_order_of_time=in_order_of_time,
        )
        return engine.run(
            self.cell,
            tf.cast(sequences, dtype),
            states,
            mask=None if mask is None else tf.cast(mask, tf.bool),
            schedule=schedule,
            training=bool(training),
        )

    def _turned(self, results: Any) -> Any:
        if not (self.go_backwards and self.return_sequences):
            return results
        if self.return_state:
            return (tf.reverse(results[0], [1]), *results[1:])
        return tf.reverse(results, [1])

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {**super().get_config(), "fast": self.fast}

    def _check_lengths(self, sequences: tf.Tensor) -> None:
        batch, time = sequences.shape[:2]
        if self.unroll and time is None:
            raise ValueError(
                f"{self.name}: `unroll=True` needs a known number of steps; give the time axis of the input a length, "
                "or leave `unroll` off"
            )
        if self.stateful and batch is not None and batch != self.states[0].shape[0]:
            raise ValueError(
                f"{self.name}: a stateful layer keeps states for {self.states[0].shape[0]} sequences, "
                f"got a batch of {batch}; use one batch size throughout (drop_remainder=True in tf.data)"
            )


def mask_of_sequences(mask: Any) -> tf.Tensor | None:
    """Returns the mask of the sequences, which Keras hands over alone, or in a list with those of the states."""
    if isinstance(mask, (list, tuple)):
        return mask[0] if mask else None
    return mask


def is_cell(layer: Any) -> bool:
    """Whether `layer` is a cell (one step of recurrence, ours or Keras') and not a layer over time."""
    return hasattr(layer, "state_size") and not hasattr(layer, "return_sequences")


def over_time(layer_or_cell: Any) -> keras.layers.Layer:
    """Returns a layer over time: a cell is wrapped in `Recurrent` with `return_sequences=True`, a layer stays as it is.

    Raises:
        ValueError: The argument is neither; the message says what it is.
    """
    if is_cell(layer_or_cell):
        name, dtype = f"recurrent_{layer_or_cell.name}", layer_or_cell.dtype_policy
        return Recurrent(layer_or_cell, return_sequences=True, name=name, dtype=dtype)
    if not isinstance(layer_or_cell, keras.layers.Layer) or not hasattr(layer_or_cell, "return_sequences"):
        raise ValueError(
            "expected a cell or a recurrent layer (with `return_sequences`, `return_state` and `stateful`), "
            f"got {type(layer_or_cell).__name__}"
        )
    return layer_or_cell
