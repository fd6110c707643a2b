"""What every cell must do. A cell added to `zoo.cells.names()` is checked here without a further line."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo.layers import Recurrent

pytestmark = pytest.mark.parametrize("name", zoo.cells.names())

BATCH, TIME, INPUT, UNITS = 3, 5, 2, 3
# Right-padded, left-padded, with holes.
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 1, 0]], bool)
x = np.random.default_rng(0).normal(size=(BATCH, TIME, INPUT)).astype("float32")


def make(name, dtype="float32", cell_arguments=(), **arguments):
    """Returns the cell in a `Recurrent`, built, with random weights (peepholes and biases too)."""
    rng = np.random.default_rng(1)
    cell = zoo.cells.get(name, UNITS, dtype=dtype, **dict(cell_arguments))
    layer = Recurrent(cell, dtype=dtype, **arguments)
    layer.build(x.shape)
    layer.set_weights([0.5 * rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def dropouts(name, rate):
    """The arguments for every dropout that the cell has: one without a recurrent product has none on it."""
    recurrent = not isinstance(zoo.cells.get(name, UNITS), zoo.cells.ParallelCell)
    return {"dropout": rate, "recurrent_dropout": rate if recurrent else 0.0}


def loss_and_gradients(layer, sequences, **arguments):
    with tf.GradientTape() as tape:
        tape.watch(sequences)
        loss = tf.add_n(
            [tf.reduce_sum(tf.sin(3 * tensor)) for tensor in keras.tree.flatten(layer(sequences, **arguments))]
        )
    return loss, tape.gradient(loss, [sequences, *layer.trainable_variables])


@pytest.mark.parametrize("go_backwards", [False, True])
def test_numbers_and_gradients_in_keras_rnn_are_the_same(name, go_backwards):
    ours = make(name, return_sequences=True, return_state=True, go_backwards=go_backwards)
    theirs = keras.layers.RNN(
        zoo.cells.get(name, UNITS), return_sequences=True, return_state=True, go_backwards=go_backwards
    )
    theirs.build(x.shape)
    theirs.set_weights(ours.get_weights())
    for mask in (None, MASK):
        for mine, wanted in zip(ours(x, mask=mask), theirs(x, mask=mask), strict=True):
            np.testing.assert_allclose(mine, wanted, rtol=0, atol=1e-5)
        gradients = [loss_and_gradients(layer, tf.constant(x), mask=mask)[1] for layer in (ours, theirs)]
        for mine, wanted in zip(*gradients, strict=True):
            np.testing.assert_allclose(mine, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("return_sequences", [False, True])
def test_output_projection_in_keras_rnn_is_the_same(name, return_sequences):
    projection = {"output_units": 4, "output_activation": "sigmoid"}
    ours = make(name, cell_arguments=projection, return_sequences=return_sequences)
    theirs = keras.layers.RNN(zoo.cells.get(name, UNITS, **projection), return_sequences=return_sequences)
    theirs.build(x.shape)
    theirs.set_weights(ours.get_weights())
    mask = np.concatenate([MASK[:2], np.zeros((1, TIME), bool)])
    assert ours(x).shape == ours.compute_output_shape(x.shape)
    np.testing.assert_allclose(ours(x, mask=mask), theirs(x, mask=mask), rtol=0, atol=1e-5)


def test_gradients_are_the_numerical_ones(name):
    layer = make(name, dtype="float64", return_sequences=True, return_state=True, cell_arguments={"output_units": 2})
    rng = np.random.default_rng(2)
    states = [tf.constant(rng.normal(size=(BATCH, UNITS))) for _ in layer.state_size]
    signature = [
        tf.TensorSpec([None, None, INPUT], tf.float64),
        [tf.TensorSpec([None, UNITS], tf.float64)] * len(states),
    ]

    @tf.function(input_signature=signature)
    def compute(sequences, states):
        with tf.GradientTape() as tape:
            tape.watch(states)
            loss, gradients = loss_and_gradients(layer, sequences, initial_state=states, mask=MASK)
            return loss, [*gradients, *tape.gradient(loss, states)]

    point = [tf.constant(x, tf.float64), *(tf.constant(weight) for weight in layer.get_weights()), *states]

    def loss_at(*values):
        layer.set_weights([value.numpy() for value in values[1 : -len(states)]])
        return compute(values[0], list(values[-len(states) :]))[0].numpy()

    _, gradients = compute(point[0], states)
    # One random direction for every tensor: its derivative is the inner product with the gradient.
    for index, gradient in enumerate(gradients):
        direction = rng.normal(size=gradient.shape)
        ahead, behind = (
            loss_at(*(value + sign * direction if index == i else value for i, value in enumerate(point)))
            for sign in (1e-5, -1e-5)
        )
        np.testing.assert_allclose(np.sum(gradient * direction), (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-8)


def test_padding_and_neighbours_change_nothing(name):
    layer = make(name, return_sequences=True, return_state=True)
    garbage = np.where(MASK[..., None], x, 1e3).astype("float32")
    outputs, *states = layer(garbage, mask=MASK)
    for row in range(BATCH):
        alone, *alone_states = layer(x[row : row + 1, MASK[row]])
        np.testing.assert_allclose(outputs[row][MASK[row]], alone[0], rtol=0, atol=1e-5)
        for state, wanted in zip(states, alone_states, strict=True):
            np.testing.assert_allclose(state[row], wanted[0], rtol=0, atol=1e-5)


def test_padding_gets_no_gradient_and_changes_none(name):
    layer = make(name)
    garbage = tf.constant(np.where(MASK[..., None], x, 1e3), tf.float32)
    _, (to_garbage, *to_weights) = loss_and_gradients(layer, garbage, mask=MASK)
    np.testing.assert_array_equal(to_garbage.numpy()[~MASK], 0)
    alone = [loss_and_gradients(layer, tf.constant(x[row : row + 1, MASK[row]]))[1][1:] for row in range(BATCH)]
    for gradient, *parts in zip(to_weights, *alone, strict=True):
        np.testing.assert_allclose(gradient, sum(part.numpy() for part in parts), rtol=1e-3, atol=1e-4)


def test_no_step_and_one_step(name):
    layer = make(name, return_sequences=True, return_state=True)
    h = np.ones((BATCH, UNITS), "float32")
    states = [h] * len(layer.state_size)

    @tf.function(input_signature=[tf.TensorSpec([None, None, INPUT]), [tf.TensorSpec([None, UNITS])] * len(states)])
    def graph(sequences, states):
        loss, gradients = loss_and_gradients(layer, sequences, initial_state=states)
        return layer(sequences, initial_state=states), loss, gradients

    for run in (graph, lambda sequences, states: (layer(sequences, initial_state=states), 0, [])):
        (outputs, *last), _, gradients = run(x[:, :0], states)
        assert outputs.shape == (BATCH, 0, UNITS)
        for state in last:
            np.testing.assert_array_equal(state, h)
        for gradient in gradients[1:]:
            np.testing.assert_array_equal(gradient, np.zeros(gradient.shape))
        (outputs, *last), _, _ = run(x[:, :1], states)
        np.testing.assert_array_equal(outputs[:, 0], last[0])
        assert not np.array_equal(last[0], h)


def test_stateful_parts_equal_one_long_sequence(name):
    stateful = make(name, return_sequences=True, stateful=True)
    whole = make(name, return_sequences=True)(x)
    parts = [stateful(x[:, :2]), stateful(x[:, 2:])]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=0, atol=1e-5)
    stateful.reset_state()
    np.testing.assert_allclose(stateful(x), whole, rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match="batch of 2"):
        stateful(x[:2])


def test_xla_compiles_and_agrees(name):
    layer = make(name, return_sequences=True)

    compiled = tf.function(loss_and_gradients, jit_compile=True)
    loss, gradients = compiled(layer, tf.constant(x), mask=MASK)
    expected_loss, expected = loss_and_gradients(layer, tf.constant(x), mask=MASK)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-4)
    for gradient, wanted in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(gradient, wanted, rtol=1e-3, atol=1e-4)


def test_mixed_precision(name):
    layer = make(name, dtype="mixed_bfloat16", return_sequences=True)
    exact = make(name, return_sequences=True)(x)
    loss, gradients = loss_and_gradients(layer, tf.constant(x))
    outputs = layer(x)
    assert outputs.dtype == tf.bfloat16
    assert all(gradient.dtype == tf.float32 for gradient in gradients)
    assert np.isfinite(float(loss))
    scale = np.abs(exact).max()
    np.testing.assert_allclose(tf.cast(outputs, tf.float32) / scale, exact / scale, rtol=0, atol=0.05)


def test_config_and_file_round_trips(name, tmp_path):
    options = {**dropouts(name, 0.25), "seed": 7, "output_units": 4, "kernel_regularizer": "l2"}
    layer = make(name, cell_arguments=options, go_backwards=True, zero_output_for_mask=True)
    copy = Recurrent.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert type(copy.cell) is type(layer.cell)

    model = keras.Sequential([keras.Input((None, INPUT)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(x), model(x))


def test_both_dropouts_act_in_training_only_and_repeat_by_seed(name):
    options = {**dropouts(name, 0.3), "seed": 5}
    first, second = (make(name, cell_arguments=options, return_sequences=True) for _ in range(2))
    plain = make(name, return_sequences=True)
    np.testing.assert_array_equal(first(x, training=False), plain(x))
    dropped = first(x, training=True)
    assert not np.allclose(dropped, plain(x))
    np.testing.assert_array_equal(dropped, second(x, training=True))


def test_gradients_under_dropout_are_those_of_keras_rnn(name):
    """Keras draws the input's mask first, as the loop here does, so that one seed gives both the same masks."""
    options = {**dropouts(name, 0.3), "seed": 5}
    ours = make(name, cell_arguments=options)
    theirs = keras.layers.RNN(zoo.cells.get(name, UNITS, **options))
    theirs.build(x.shape)
    theirs.set_weights(ours.get_weights())
    gradients = [loss_and_gradients(layer, tf.constant(x), training=True)[1] for layer in (ours, theirs)]
    for mine, wanted in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-4, atol=1e-5)
