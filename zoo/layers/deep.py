"""A stack of recurrent layers."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo.layers import one_call
from zoo.layers.bidirectional import Bidirectional
from zoo.layers.fresh_copies import outside_object_sharing
from zoo.layers.recurrent import mask_of_sequences, over_time


@keras.saving.register_keras_serializable(package="zoo")
class Deep(keras.layers.Layer):
    """A stack of recurrent layers, each fed with the outputs of the one below, with dropout between them.

    Graves, Mohamed & Hinton 2013, "Speech Recognition with Deep Recurrent Neural Networks"; dropout between the
    layers only: Zaremba, Sutskever & Vinyals 2014, "Recurrent Neural Network Regularization".

    Call arguments:
        sequences: `[batch, time, input]`.
        initial_state: The states of all layers, the lowest layer's first.
        mask: `[batch, time]`, True at real steps; every layer sees it.
        training: Whether dropout is active.

    Returns (of a call):
        The top layer's output. If the layers return states, a tuple of that and the last states of all layers, the
        lowest layer's first.

    Args:
        layer: A cell, a recurrent layer or a `Bidirectional`, of which `depth` copies with fresh weights are stacked
            (a cell is run with `return_sequences=True`); or a list of them, which are stacked as they are, lowest
            first.
        depth: How many copies; of no meaning with a list.
        dropout: Rate in [0, 1) at which entries of a layer's output are dropped before they enter the next one.
        seed: Seed of that dropout.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: A depth below 1, an empty list, a layer below the top that returns no sequences, or layers that do
            not agree in `return_state` or `stateful`.
    """

    def __init__(
        self,
        layer: Any,
        depth: int = 2,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Copies the pattern, or takes the layers as they are."""
        super().__init__(**kwargs)
        if depth < 1:
            raise ValueError(f"`depth` must be at least 1, got {depth}")
        if not 0 <= dropout < 1:
            raise ValueError(f"`dropout` must be a rate in [0, 1), got {dropout}")
        if isinstance(layer, (list, tuple)):
            self.layers = [over_time(each) for each in layer]
        else:
            pattern = over_time(layer)
            self.layers = [_copy(pattern, index, top=index == depth - 1) for index in range(depth)]
        _check(self.layers)
        self.dropout = float(dropout)
        self.seed = seed
        self.dropouts = [
            keras.layers.Dropout(dropout, seed=None if seed is None else seed + index, dtype=self.dtype_policy)
            for index in range(len(self.layers) - 1)
        ]
        self.supports_masking = True

    @property
    def return_sequences(self) -> bool:
        """Whether the top layer returns the output of every step."""
        return self.layers[-1].return_sequences

    @property
    def return_state(self) -> bool:
        """Whether the last states of all layers are returned."""
        return self.layers[-1].return_state

    @property
    def stateful(self) -> bool:
        """Whether a batch starts from the last states of the batch before."""
        return self.layers[-1].stateful

    @property
    def state_count(self) -> int:
        """How many states all layers have together."""
        return sum(_state_count(layer) for layer in self.layers)

    def build(self, sequences_shape: tuple[int | None, ...], initial_state_shape: Any = None) -> None:
        """Builds the layers, lowest first."""
        del initial_state_shape
        for layer in self.layers:
            if not layer.built:
                layer.build(sequences_shape)
            sequences_shape = _output_shape(layer, sequences_shape)

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: Sequence[tf.Tensor] | None = None,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> Any:
        """Runs the layers, lowest first; see the class for shapes."""
        given = None if initial_state is None else self._states_by_layer(initial_state)
        mask = mask_of_sequences(mask)
        together = None
        if not (training and self.dropout):  # cuDNN's own dropout has a state that no file keeps
            stack = [_directions(layer) for layer in self.layers]
            together = one_call.run(stack, sequences, initial_state, mask=mask, training=bool(training))
        if together is not None:
            output, states = together
            output = tf.cast(output, self.compute_dtype)
            return (output, *states) if self.return_state else output
        states = []
        output = sequences
        for index, layer in enumerate(self.layers):
            if index > 0:
                output = self.dropouts[index - 1](output, training=training)
            first = None if given is None else given[index]
            output = layer(output, initial_state=first, mask=mask, training=training)
            if self.return_state:
                output, *last = output
                states.extend(last)
        return (output, *states) if self.return_state else output

    def _states_by_layer(self, states: Any) -> list[list[tf.Tensor]]:
        states = list(states) if isinstance(states, (list, tuple)) else [states]
        if len(states) != self.state_count:
            raise ValueError(f"{self.name}: `initial_state` must hold {self.state_count} states, got {len(states)}")
        remaining = iter(states)
        return [[next(remaining) for _ in range(_state_count(layer))] for layer in self.layers]

    def compute_output_shape(self, sequences_shape: tuple[int | None, ...], initial_state_shape: Any = None) -> Any:
        """Returns the shape of the output, followed by the states' if they are returned."""
        del initial_state_shape
        states = []
        for layer in self.layers:
            shape = layer.compute_output_shape(sequences_shape)
            if self.return_state:
                states.extend(shape[1:])
            sequences_shape = _output_shape(layer, sequences_shape)
        return (sequences_shape, *states) if self.return_state else sequences_shape

    def compute_mask(self, sequences: Any, mask: Any = None) -> Any:
        """Returns the mask of the output; states have none."""
        del sequences
        mask = mask_of_sequences(mask) if self.return_sequences else None
        return (mask, *(None,) * self.state_count) if self.return_state else mask

    def reset_state(self) -> None:
        """Sets the states of all layers back to zeros."""
        for layer in self.layers:
            layer.reset_state()

    def get_config(self) -> dict[str, Any]:
        """Returns the layers and the dropout, serialised."""
        return {
            **super().get_config(),
            "layer": [keras.saving.serialize_keras_object(layer) for layer in self.layers],
            "dropout": self.dropout,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Deep:
        """Makes the stack that `get_config` describes."""
        config = dict(config)
        config["layer"] = [
            keras.saving.deserialize_keras_object(layer, custom_objects=custom_objects) for layer in config["layer"]
        ]
        return cls(**config)


def _copy(pattern: keras.layers.Layer, index: int, *, top: bool) -> keras.layers.Layer:
    """Returns a layer like `pattern` with fresh weights; below the top it returns sequences."""
    with outside_object_sharing():
        config = copy.deepcopy(keras.saving.serialize_keras_object(pattern))
        config["config"]["name"] = f"{pattern.name}_{index}"
        _adapt(config, index, top=top)
        return keras.saving.deserialize_keras_object(config)


def _adapt(config: Any, index: int, *, top: bool) -> None:
    """Sets `return_sequences` below the top, and moves every seed, so that no two layers draw the same numbers."""
    for key, value in list(config.items()) if isinstance(config, dict) else enumerate(config):
        if key == "return_sequences" and not top:
            config[key] = True
        elif key == "seed" and isinstance(value, int):
            config[key] = value + index
        elif isinstance(value, (dict, list)):
            _adapt(value, index, top=top)


def _check(layers: list[keras.layers.Layer]) -> None:
    if not layers:
        raise ValueError("`Deep` needs at least one layer, got an empty list")
    for index, layer in enumerate(layers[:-1]):
        if not layer.return_sequences:
            raise ValueError(f"layer {index} of `Deep` ({layer.name}) feeds another one: give it return_sequences=True")
    for name in ("return_state", "stateful"):
        if len({bool(getattr(layer, name)) for layer in layers}) > 1:
            raise ValueError(f"the layers of `Deep` must agree in `{name}`")
    if any(getattr(layer, "merge_mode", "") is None for layer in layers):
        raise ValueError("`Deep` needs one output from every layer: give its Bidirectional layers a `merge_mode`")


def _state_count(layer: keras.layers.Layer) -> int:
    if hasattr(layer, "forward_layer"):
        return 2 * len(layer.forward_layer.state_size)
    return layer.state_count if isinstance(layer, Deep) else len(layer.state_size)


def _output_shape(layer: keras.layers.Layer, sequences_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    shape = layer.compute_output_shape(sequences_shape)
    return tuple(shape[0]) if layer.return_state else tuple(shape)


def _directions(layer: Any) -> list[Any]:
    """Returns a layer, or the two layers of one that concatenates both directions."""
    regularised = getattr(layer, "activity_regularizer", None) is not None  # by a call of the layer itself
    if isinstance(layer, Bidirectional) and layer.merge_mode == "concat" and not regularised:
        return [layer.forward_layer, layer.backward_layer]
    return [layer]
