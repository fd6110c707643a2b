import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo.engine import paths
from zoo.layers import GRU, LSTM, Bidirectional, Deep, Recurrent

x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")


def test_second_derivatives_raise_rather_than_lack_a_part():
    def second(layer):
        inputs = tf.constant(x)
        with tf.GradientTape() as outer, tf.GradientTape() as inner:
            inner.watch(inputs)
            loss = tf.reduce_sum(layer(inputs))
            penalty = tf.reduce_sum(inner.gradient(loss, inputs) ** 2)
        return outer.gradient(penalty, layer.trainable_variables)

    with paths.compiled(), pytest.raises(LookupError, match="fast=False"):
        second(LSTM(4))
    for options in ({"fast": False}, {"unroll": True}):
        assert all(np.any(gradient) for gradient in second(LSTM(4, **options))[:2])


def test_unrolling_needs_a_length():
    graph = tf.function(LSTM(4, unroll=True), input_signature=[tf.TensorSpec([2, None, 3])])
    with pytest.raises(ValueError, match="`unroll=True` needs a known number of steps"):
        graph(x)


def test_a_batch_size_known_only_from_the_state():
    layer = LSTM(4, return_sequences=True)
    states = [tf.zeros([2, 4]), tf.zeros([2, 4])]

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3])])
    def graph(sequences):
        return layer(sequences, initial_state=states)

    np.testing.assert_allclose(graph(x), layer(x), atol=1e-6)


def test_keras_cells_run_in_keras_loop():
    cell = keras.layers.LSTMCell(4)
    np.testing.assert_array_equal(Recurrent(cell)(x), keras.layers.RNN(cell)(x))


def test_exported_model_serves_any_length(tmp_path):
    """One model with all that a SavedModel may trip over: masks, both directions, a stack, states, both loops."""
    inputs = keras.Input((None, 3))
    masked = keras.layers.Masking()(inputs)
    outputs = Deep(Bidirectional(zoo.cells.get("gru", 4)), depth=2, dropout=0.5)(masked)
    outputs, *_ = LSTM(4, return_sequences=True, return_state=True)(outputs)
    model = keras.Model(inputs, GRU(4, reset_after=False, dropout=0.5, return_sequences=True)(outputs))
    model.export(tmp_path / "exported", verbose=False)
    served = tf.saved_model.load(tmp_path / "exported")
    padded = np.concatenate([x, np.zeros((2, 2, 3), "float32")], axis=1)
    np.testing.assert_allclose(served.serve(padded), model(padded), atol=1e-6)
    assert served.serve(x[:, :0]).shape == (2, 0, 4)
    assert served.serve(x[:0]).shape == (0, 4, 4)
