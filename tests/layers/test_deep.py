import keras
import numpy as np
import pytest

import zoo.cells
from zoo.layers import GRU, LSTM, Bidirectional, Deep, Elman, Recurrent

x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")


def test_is_one_layer_after_another():
    layer = Deep(LSTM(5, return_sequences=True), depth=3)
    outputs = x
    for each in layer.layers:
        outputs = each(outputs)
    np.testing.assert_allclose(layer(x), outputs, atol=1e-6)
    kernels = [each.get_weights()[1] for each in layer.layers]
    assert not np.array_equal(kernels[1], kernels[2])


def test_a_pattern_is_copied_and_lower_copies_return_sequences():
    pattern = Bidirectional(LSTM(5))
    layer = Deep(pattern, depth=2)
    assert layer(x).shape == (2, 10)
    assert [each.return_sequences for each in layer.layers] == [True, False]
    assert not pattern.built


def test_a_cell_returns_sequences():
    assert Deep(zoo.cells.get("peephole_lstm", 5), depth=2)(x).shape == (2, 4, 5)
    assert Deep(Bidirectional(zoo.cells.get("gru", 5)), depth=2)(x).shape == (2, 4, 10)
    assert all(isinstance(each, Recurrent) for each in Deep([zoo.cells.get("gru", 5), keras.layers.GRUCell(2)]).layers)


def test_dropout_lies_between_the_layers_only():
    layer = Deep(Elman(32, return_sequences=True), depth=2, dropout=0.5, seed=1)
    np.testing.assert_array_equal(layer(x, training=False), layer(x))
    dropped = layer(x, training=True)
    assert not np.allclose(dropped, layer(x))
    assert np.all(dropped.numpy() != 0)  # the top layer's output is whole
    single = Deep(Elman(4, return_sequences=True), depth=1, dropout=0.5)
    np.testing.assert_array_equal(single(x, training=True), single(x))


def test_no_two_copies_share_a_seed():
    layer = Deep(LSTM(4, dropout=0.5, seed=10), depth=3)
    assert [each.cell.seed for each in layer.layers] == [10, 11, 12]


def test_states_of_all_layers():
    layer = Deep(Bidirectional(LSTM(5, return_state=True)), depth=2)
    output, *states = layer(x)
    assert output.shape == (2, 10)
    assert len(states) == layer.state_count == 8
    top = layer.layers[1](layer.layers[0](x)[0])
    np.testing.assert_allclose(states[-1], top[-1], atol=1e-6)
    with pytest.raises(ValueError, match="must hold 8 states, got 3"):
        layer(x, initial_state=states[:3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": LSTM(3), "depth": 0}, "`depth` must be at least 1, got 0"),
        ({"layer": LSTM(3), "dropout": 1.5}, r"`dropout` must be a rate in \[0, 1\), got 1.5"),
        ({"layer": []}, "at least one layer"),
        ({"layer": [LSTM(3, name="low"), LSTM(3)]}, r"layer 0 of `Deep` \(low\).*return_sequences=True"),
        ({"layer": [LSTM(3, return_sequences=True), GRU(3, return_state=True)]}, "agree in `return_state`"),
        ({"layer": Bidirectional(LSTM(3), merge_mode=None)}, "merge_mode"),
    ],
)
def test_stacks_that_cannot_work_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Deep(**arguments)
