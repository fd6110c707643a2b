import keras
import numpy as np
import pytest

import zoo.cells
from zoo.layers import GRU, LSTM, Bidirectional, Deep, Recurrent

x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")


@pytest.mark.parametrize(
    ("merge_mode", "merge"),
    [
        ("concat", lambda a, b: np.concatenate([a, b], axis=-1)),
        ("sum", np.add),
        ("mul", np.multiply),
        ("ave", lambda a, b: (a + b) / 2),
    ],
)
def test_merges_the_two_directions(merge_mode, merge):
    layer = Bidirectional(LSTM(5, return_sequences=True), merge_mode=merge_mode)
    merged = layer(x)
    forward, backward = layer.forward_layer(x), layer.backward_layer(x)
    np.testing.assert_allclose(merged, merge(forward, np.flip(backward, axis=1)), atol=1e-6)


def test_without_merging_both_outputs_come_out():
    layer = Bidirectional(LSTM(5, return_sequences=True, return_state=True), merge_mode=None)
    forward, backward, *states = layer(x)
    assert forward.shape == backward.shape == (2, 4, 5)
    assert len(states) == layer.state_count == 4


def test_a_cell_returns_sequences_and_directions_differ():
    layer = Bidirectional(zoo.cells.get("lstm", 5))
    assert layer(x).shape == (2, 4, 10)
    assert isinstance(layer.forward_layer, Recurrent)
    assert not np.array_equal(layer.forward_layer.get_weights()[0], layer.backward_layer.get_weights()[0])
    assert Bidirectional(keras.layers.LSTMCell(5))(x).shape == (2, 4, 10)


def test_equals_keras_bidirectional():
    ours = Bidirectional(GRU(5, return_sequences=True))
    theirs = keras.layers.Bidirectional(keras.layers.GRU(5, return_sequences=True))
    mask = np.array([[1, 1, 0, 0], [1, 1, 1, 1]], bool)
    theirs.build(x.shape)
    ours.build(x.shape)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(ours(x, mask=mask), theirs(x, mask=mask), atol=1e-5)
    np.testing.assert_array_equal(ours(x, mask=mask)[0, 2:], np.zeros((2, 10)))


def test_backward_layer_of_its_own():
    layer = Bidirectional(
        LSTM(5, return_sequences=True), backward_layer=GRU(2, return_sequences=True, go_backwards=True)
    )
    assert layer.forward_layer.units == 5
    assert layer.backward_layer.units == 2
    assert layer(x).shape == (2, 4, 7)


def test_a_stack_cannot_run_backwards():
    with pytest.raises(ValueError, match=r"Deep cannot run backwards.*Deep\(Bidirectional\(layer\)\)"):
        Bidirectional(Deep(LSTM(5)))


def test_what_is_no_recurrent_layer_is_refused():
    with pytest.raises(ValueError, match=r"expected a cell or a recurrent layer.*got Dense"):
        Bidirectional(keras.layers.Dense(3))
