import keras
import numpy as np
import numpy_cells
import pytest
import tensorflow as tf

import zoo.cells
from zoo import layers
from zoo.cells import GRUCell, MinGRUCell, MinLSTMCell, ParallelCell, positive
from zoo.engine import plain_scan

NAMES = ["min_gru", "min_lstm"]


@pytest.mark.parametrize("name", NAMES)
def test_there_is_no_recurrent_kernel(name):
    cell = zoo.cells.get(name, 3, output_units=2)
    cell.build((None, 2))
    assert [weight.name for weight in cell.weights] == ["kernel", "bias", "output_kernel", "output_bias"]
    assert cell.kernel.shape == (2, 3 * cell.gates)
    cell = zoo.cells.get(name, 3, use_bias=False, recurrent_dropout=0.0)
    cell.build((None, 2))
    assert [weight.name for weight in cell.weights] == ["kernel"]
    assert not [key for key in cell.get_config() if key.startswith("recurrent_") and key.endswith("izer")]


@pytest.mark.parametrize(
    "argument",
    [
        {"recurrent_dropout": 0.1},
        {"recurrent_initializer": "identity"},
        {"recurrent_regularizer": "l2"},
        {"recurrent_constraint": "non_neg"},
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_what_needs_a_recurrent_kernel_is_refused(name, argument):
    with pytest.raises(ValueError, match=f"takes no `{next(iter(argument))}`"):
        zoo.cells.get(name, 3, **argument)


def test_a_cell_without_a_recurrence_says_so():
    class Nothing(ParallelCell):
        gates = 1

    with pytest.raises(TypeError, match="Nothing does not define `recurrence"):
        layers.Recurrent(Nothing(2))(np.zeros((1, 2, 3), "float32"))


@pytest.mark.parametrize("name", NAMES)
def test_step_by_step_is_the_scan(name):
    """Generation makes one step at a time, training all at once."""
    rng = np.random.default_rng(0)
    cell = zoo.cells.get(name, 8)
    cell.build((None, 4))
    x, h = tf.constant(rng.normal(size=(2, 300, 4)), "float32"), tf.constant(rng.normal(size=(2, 8)), "float32")
    at_once = tf.function(plain_scan.linear_scan)(*cell.recurrence(cell.project(x)), h)
    step = tf.function(lambda x, h: cell(x, h)[1])
    for t in range(300):
        h = step(x[:, t], h)
        np.testing.assert_allclose(at_once[:, t], h, rtol=0, atol=1e-5)


def test_min_gru_is_a_gru_that_does_not_look_back():
    rng = np.random.default_rng(0)
    minimal, gru = MinGRUCell(3), GRUCell(3, activation="linear", update_gate="renew")
    minimal.build((None, 2))
    gru.build((None, 2))
    z, candidate = np.split(minimal.kernel.numpy(), 2, axis=1)
    gru.set_weights([np.concatenate([z, 0 * z, candidate], axis=1), np.zeros((3, 9)), np.zeros((2, 9))])
    x, h = rng.normal(size=(4, 2)).astype("float32"), rng.normal(size=(4, 3)).astype("float32")
    np.testing.assert_allclose(minimal(x, [h])[0], gru(x, [h])[0], atol=1e-6)


def test_min_lstm_with_both_gates_shut_mixes_by_their_quotient():
    """σ(-200) is 0 in float32; f / (f + i) is not 0 / 0 all the same."""
    cell = MinLSTMCell(1)
    forget, insert = np.float32([-200, -200, -200, 200, 90]), np.float32([-200, -201, -150, -200, 95])
    projected = tf.constant(np.stack([forget, insert, np.ones(5, "float32")], axis=1))
    with tf.GradientTape() as tape:
        tape.watch(projected)
        decay, addition = cell.recurrence(projected)
        total = decay + 2 * addition
    exact = 1 / (1 + np.exp(np.float64([0, -1, 50, -200, 0])))
    np.testing.assert_allclose(decay[:, 0], exact, rtol=1e-5, atol=1e-30)
    np.testing.assert_allclose(addition[:, 0], 1 - exact, rtol=1e-5, atol=1e-7)
    assert np.all(np.isfinite(tape.gradient(total, projected)))


def test_min_lstm_takes_only_the_sigmoid():
    assert MinLSTMCell(3, recurrent_activation=keras.activations.sigmoid).gates == 3
    with pytest.raises(ValueError, match="`recurrent_activation` of MinLSTMCell must be 'sigmoid', got 'tanh'"):
        MinLSTMCell(3, recurrent_activation="tanh")


@pytest.mark.parametrize("name", NAMES)
def test_the_positive_candidate_of_the_paper(name):
    rng = np.random.default_rng(1)
    cell = zoo.cells.get(name, 4, activation=positive, dtype="float64")
    cell.build((None, 3))
    weights = {weight.name: rng.normal(size=weight.shape) for weight in cell.weights}
    cell.set_weights(list(weights.values()))
    x, h = 3 * rng.normal(size=(5, 3)), rng.random(size=(5, 4))

    def g(a):
        return np.where(a >= 0, a + 0.5, numpy_cells.sigmoid(a))

    expected, _ = getattr(numpy_cells, name)(weights, x, [h], activation=g)
    output = cell(x, [tf.constant(h)])[0]
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-12)
    assert np.all(output > 0)
    assert type(cell).from_config(cell.get_config()).activation is positive


@pytest.mark.parametrize("layer", [layers.MinGRU, layers.MinLSTM])
def test_the_candidate_of_the_layers_is_linear(layer):
    assert layer(3).cell.activation is keras.activations.linear
    assert layer.from_config(layer(3, activation="tanh").get_config()).cell.activation is keras.activations.tanh


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_decays_close_to_one_are_told_apart_in_half_precision(dtype):
    cell = MinGRUCell(1, dtype=dtype)
    cell.build((None, 1))
    decay, _ = cell.recurrence(cell.project(tf.constant([[0.0]], dtype)) + np.float32([[-9, 0]]))
    assert decay.dtype == tf.float32
    assert 0.9998 < float(decay[0, 0]) < 0.9999
    h, _ = cell(tf.ones([1, 1], dtype), [tf.ones([1, 1], dtype)])
    assert h.dtype == dtype
