"""What every layer over sequences must do: ours around our cells, ours around Keras' layers, and stacks of both."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo import layers

BATCH, TIME, INPUT, UNITS = 3, 5, 2, 3
# Right-padded, left-padded, with holes.
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 1, 0]], bool)
x = np.random.default_rng(0).normal(size=(BATCH, TIME, INPUT)).astype("float32")


def cell(name="lstm"):
    return zoo.cells.get(name, UNITS, bias_initializer="random_normal")


MAKERS = {
    "recurrent": lambda **a: layers.Recurrent(cell(), **a),
    "recurrent_keras_cell": lambda **a: layers.Recurrent(keras.layers.GRUCell(UNITS), **a),
    "recurrent_cells": lambda **a: layers.Recurrent([cell("gru"), cell("lstm")], **a),
    "lstm": lambda **a: layers.LSTM(UNITS, **a),
    "gru": lambda **a: layers.GRU(UNITS, **a),
    "elman": lambda **a: layers.Elman(UNITS, **a),
    "simplified_gru": lambda **a: layers.SimplifiedGRU(UNITS, **a),
    "peephole_lstm": lambda **a: layers.PeepholeLSTM(UNITS, peephole_initializer="ones", **a),
    "layer_norm_lstm": lambda **a: layers.LayerNormLSTM(UNITS, **a),
    "min_gru": lambda **a: layers.MinGRU(UNITS, **a),
    "min_lstm": lambda **a: layers.MinLSTM(UNITS, **a),
    "bidirectional": lambda **a: layers.Bidirectional(layers.LSTM(UNITS, **a)),
    "bidirectional_sum": lambda **a: layers.Bidirectional(layers.Recurrent(cell("gru"), **a), merge_mode="sum"),
    "bidirectional_keras": lambda **a: layers.Bidirectional(keras.layers.GRU(UNITS, **a), merge_mode="mul"),
    "deep": lambda **a: layers.Deep(layers.GRU(UNITS, **a), depth=3),
    "deep_bidirectional": lambda **a: layers.Deep(layers.Bidirectional(layers.LSTM(UNITS, **a)), depth=2),
    "deep_list": lambda **a: layers.Deep(
        [layers.Elman(2, **{**a, "return_sequences": True}), keras.layers.LSTM(UNITS, **a)]
    ),
}
pytestmark = pytest.mark.parametrize("name", MAKERS)


def make(name, **arguments):
    keras.utils.set_random_seed(3)
    layer = MAKERS[name](**arguments)
    layer(x[:, :1])
    if arguments.get("stateful"):
        layer.reset_state()
    return layer


def flat(outputs):
    return [np.asarray(tensor) for tensor in keras.tree.flatten(outputs)]


def without_build_config(config):
    """Drops what is no constructor argument: by which shape a nested layer was built."""
    if isinstance(config, dict):
        return {key: without_build_config(value) for key, value in config.items() if key != "build_config"}
    return [without_build_config(value) for value in config] if isinstance(config, list) else config


def test_padding_and_neighbours_change_nothing(name):
    garbage = np.where(MASK[..., None], x, 1e3).astype("float32")
    layer = make(name, return_sequences=True, return_state=True)
    outputs, *states = flat(layer(garbage, mask=MASK))
    for row in range(BATCH):
        alone, *alone_states = flat(layer(x[row : row + 1, MASK[row]]))
        np.testing.assert_allclose(outputs[row][MASK[row]], alone[0], rtol=0, atol=1e-5)
        for state, wanted in zip(states, alone_states, strict=True):
            np.testing.assert_allclose(state[row], wanted[0], rtol=0, atol=1e-5)


def test_last_output_is_the_last_real_one(name):
    layer = make(name)
    garbage = np.where(MASK[..., None], x, 1e3).astype("float32")
    outputs = layer(garbage, mask=MASK).numpy()
    for row in range(BATCH):
        np.testing.assert_allclose(outputs[row], layer(x[row : row + 1, MASK[row]])[0], rtol=0, atol=1e-5)


def test_states_go_in_and_come_out(name):
    """Passing the states that came out of zeros, as zeros, changes nothing; others do."""
    layer = make(name, return_sequences=True, return_state=True)
    outputs, *states = layer(x)
    structure = (
        [tf.zeros_like(tensor) for tensor in states]
        if name != "recurrent_cells"
        else keras.tree.map_structure(tf.zeros_like, states)
    )
    for mine, wanted in zip(flat(layer(x, initial_state=structure)), flat([outputs, *states]), strict=True):
        np.testing.assert_array_equal(mine, wanted)
    other = layer(x, initial_state=keras.tree.map_structure(tf.ones_like, structure))
    for mine, wanted in zip(flat(other), flat([outputs, *states]), strict=True):
        assert not np.allclose(mine, wanted)


def test_symbolic_shapes_are_the_real_ones(name):
    layer = make(name, return_sequences=True, return_state=True)
    symbolic = keras.tree.flatten(layer(keras.Input((None, INPUT))))
    for tensor, symbol in zip(flat(layer(x)), symbolic, strict=True):
        assert len(tensor.shape) == len(symbol.shape)
        assert tensor.shape[-1] == symbol.shape[-1]


def test_stateful_parts_equal_one_long_sequence(name):
    if "bidirectional" in name:
        pytest.skip("the backward direction of a part does not see the next part")
    if name == "recurrent_cells":
        pytest.skip("keras.layers.RNN cannot assign the nested states of several cells")
    layer = make(name, return_sequences=True, stateful=True)
    parts = [layer(x[:, :2]), layer(x[:, 2:])]
    layer.reset_state()
    np.testing.assert_allclose(np.concatenate(parts, axis=1), layer(x), rtol=0, atol=1e-5)


def test_mask_is_handed_on_only_along_time(name):
    for return_sequences in (False, True):
        layer = make(name, return_sequences=return_sequences)
        masked = keras.layers.Masking()(keras.Input((TIME, INPUT)))
        handed_on = getattr(layer(masked), "_keras_mask", None)
        assert (handed_on is not None) == return_sequences


def test_file_round_trip_and_training(name, tmp_path):
    """The saved model gives the same numbers, and a step of training changes every weight."""
    model = keras.Sequential([keras.Input((None, INPUT)), keras.layers.Masking(), make(name, return_sequences=True)])
    model.compile("sgd", "mse", run_eagerly=True)  # tracing a graph would cost most of the time
    before = model.get_weights()
    model.train_on_batch(x, np.ones(model(x).shape))
    assert all(not np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(x), model(x))
    assert without_build_config(loaded.layers[-1].get_config()) == without_build_config(model.layers[-1].get_config())
