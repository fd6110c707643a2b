"""Both directions of a sequence."""

from __future__ import annotations

from typing import Any

import keras

from zoo import engine
from zoo.layers import one_call
from zoo.layers.fresh_copies import outside_object_sharing
from zoo.layers.recurrent import Recurrent, mask_of_sequences, over_time


@keras.saving.register_keras_serializable(package="zoo")
class Bidirectional(keras.layers.Bidirectional):
    """Runs a recurrent layer forwards and a copy of it backwards, and merges the two.

        y_t = merge(forward(x_1 .. x_t), backward(x_T .. x_t))

    Padding anywhere (right, left, or holes) changes nothing at the real positions; with `return_sequences` the padded
    positions are zeros (with "mul" and "ave" too).

    Schuster & Paliwal 1997, "Bidirectional Recurrent Neural Networks".

    Call arguments:
        sequences: `[batch, time, input]`.
        initial_state: The forward layer's states followed by the backward layer's.
        mask: `[batch, time]`, True at real steps.
        training: Whether dropout is active.

    Returns (of a call):
        The merged outputs, `[batch, time, width]` if the layer returns sequences, else `[batch, width]` (the last
        output of each direction); the width doubles under "concat". With `merge_mode=None`, both outputs. If the
        layer returns states, the forward layer's and then the backward layer's follow.

    Args:
        layer: A recurrent layer, this library's or Keras', or a cell; a cell is run with `return_sequences=True`. The
            layer serves as a pattern: both directions get fresh weights.
        merge_mode: "concat", "sum", "mul", "ave" or `None`.
        backward_layer: The layer of the other direction, with `go_backwards=True`; by default made from `layer`.
        **kwargs: `weights`, `name`, `dtype`, `trainable`.

    Raises:
        ValueError: `layer` cannot run backwards, or an unknown `merge_mode`.
    """

    def __init__(
        self, layer: Any, merge_mode: str | None = "concat", backward_layer: Any = None, **kwargs: Any
    ) -> None:
        """Makes both directions from the pattern."""
        layer = over_time(layer)
        if not hasattr(layer, "go_backwards"):
            raise ValueError(
                f"{type(layer).__name__} cannot run backwards; "
                "for a deep bidirectional network write Deep(Bidirectional(layer))"
            )
        with outside_object_sharing():
            super().__init__(layer, merge_mode=merge_mode, backward_layer=backward_layer, **kwargs)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        """Runs both directions, at the same time where there are two cores; see the class for shapes."""
        layers = (self.forward_layer, self.backward_layer)
        if not all(isinstance(layer, Recurrent) for layer in layers):
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        if self.merge_mode == "concat":
            alone = mask_of_sequences(mask)
            both = one_call.run([layers], sequences, initial_state, mask=alone, training=bool(training))
            if both is not None:
                output, states = both
                output = keras.ops.cast(output, self.compute_dtype)
                return (output, *states) if self.return_state else output
        first = (None, None)
        if initial_state is not None:
            count = self.state_count // 2
            first = (initial_state[:count], initial_state[count:])
        with engine.side_by_side():
            results = [
                layer(sequences, initial_state=state, mask=mask, training=training, in_order_of_time=True)
                for layer, state in zip(layers, first, strict=True)
            ]
        states = ()
        if self.return_state:
            states = tuple(state for result in results for state in result[1:])
            results = [result[0] for result in results]
        merged = self._merged(*(keras.ops.cast(result, self.compute_dtype) for result in results))
        if not self.return_state:
            return merged
        return (*merged, *states) if self.merge_mode is None else (merged, *states)

    def _merged(self, forward: Any, backward: Any) -> Any:
        if self.merge_mode == "concat":
            return keras.ops.concatenate([forward, backward], axis=-1)
        if self.merge_mode == "mul":
            return forward * backward
        if self.merge_mode is None:
            return forward, backward
        return forward + backward if self.merge_mode == "sum" else (forward + backward) / 2

    @property
    def state_count(self) -> int:
        """How many states both directions have together."""
        return 2 * len(keras.tree.flatten(self.forward_layer.state_size))

    def compute_mask(self, sequences: Any, mask: Any = None) -> Any:
        """Returns the mask of the output; states have none."""
        del sequences
        mask = mask_of_sequences(mask) if self.return_sequences else None
        masks = (mask,) if self.merge_mode is not None else (mask, mask)
        if self.return_state:
            masks += (None,) * self.state_count
        return masks if len(masks) > 1 else masks[0]
