"""The layers that Keras also has: same arguments, same weights, same numbers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo.layers

PAIRS = {
    "SimpleRNN": (zoo.layers.SimpleRNN, keras.layers.SimpleRNN, {}),
    "SimpleRNN_relu": (zoo.layers.SimpleRNN, keras.layers.SimpleRNN, {"activation": "relu"}),
    "GRU": (zoo.layers.GRU, keras.layers.GRU, {}),
    "GRU_before": (zoo.layers.GRU, keras.layers.GRU, {"reset_after": False}),
    "LSTM": (zoo.layers.LSTM, keras.layers.LSTM, {}),
    "LSTM_no_bias": (zoo.layers.LSTM, keras.layers.LSTM, {"use_bias": False, "recurrent_activation": "hard_sigmoid"}),
}
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0]], bool)
RUNS = [
    {},
    {"return_sequences": True},
    {"return_sequences": True, "return_state": True, "go_backwards": True},
    {"return_sequences": True, "zero_output_for_mask": True},
    {"return_sequences": True, "unroll": True},
    {"return_state": True, "unroll": True, "go_backwards": True},
]
x = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")


def pair_of(name, **arguments):
    """Returns our layer and Keras' with the same random weights."""
    rng = np.random.default_rng(1)
    ours, keras_layer, options = PAIRS[name]
    ours, keras_layer = ours(4, **options, **arguments), keras_layer(4, **options, **arguments)
    ours.build(x.shape)
    keras_layer.build(x.shape)
    keras_layer.set_weights([rng.normal(size=weight.shape) for weight in keras_layer.get_weights()])
    ours.set_weights(keras_layer.get_weights())
    return ours, keras_layer


def assert_same(ours, theirs):
    ours, theirs = keras.tree.flatten(ours), keras.tree.flatten(theirs)
    assert len(ours) == len(theirs)
    for mine, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("arguments", RUNS, ids=lambda arguments: "-".join(arguments) or "last")
@pytest.mark.parametrize("name", PAIRS)
def test_outputs(name, arguments):
    ours, keras_layer = pair_of(name, **arguments)
    states = [np.random.default_rng(2).normal(size=(4, 4)).astype("float32") for _ in range(len(ours.state_size))]
    for mask in (None, MASK):
        assert_same(ours(x, mask=mask), keras_layer(x, mask=mask))
        assert_same(ours(x, mask=mask, initial_state=states), keras_layer(x, mask=mask, initial_state=states))


@pytest.mark.parametrize("name", ["GRU", "GRU_before", "LSTM"])
def test_gradients_in_a_graph_of_unknown_shape(name):
    ours, keras_layer = pair_of(name, return_sequences=True, return_state=True, go_backwards=True)

    def gradients(layer):
        @tf.function(input_signature=[tf.TensorSpec([None, None, 3]), tf.TensorSpec([None, None], tf.bool)])
        def compute(sequences, mask):
            with tf.GradientTape() as tape:
                tape.watch(sequences)
                loss = tf.add_n([tf.reduce_sum(tensor**2) for tensor in layer(sequences, mask=mask)])
            return tape.gradient(loss, [sequences, *layer.trainable_variables])

        return compute(x, MASK)

    for mine, wanted in zip(gradients(ours), gradients(keras_layer), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_stateful(name):
    ours, keras_layer = pair_of(name, stateful=True)
    for part in (x[:, :2], x[:, 2:]):
        assert_same(ours(part), keras_layer(part))
    ours.reset_state()
    keras_layer.reset_state()
    assert_same(ours(x), keras_layer(x))


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_initial_weights_have_keras_distribution_and_names(name):
    ours, keras_layer = pair_of(name)
    assert [weight.name for weight in ours.weights] == [weight.name for weight in keras_layer.weights]
    fresh = type(ours)(4)
    fresh.build(x.shape)
    kernel, recurrent, bias = fresh.get_weights()
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(4), atol=1e-5)  # orthogonal
    assert np.abs(kernel).max() <= np.sqrt(6 / sum(kernel.shape))  # Glorot, uniform
    fresh_keras = type(keras_layer)(4)
    fresh_keras.build(x.shape)
    np.testing.assert_array_equal(bias, fresh_keras.get_weights()[2])


def test_functional_model_with_symbolic_states_and_masking(tmp_path):
    """An encoder's states start a decoder; Masking makes the mask; the file gives the same numbers."""
    inputs, queries = keras.Input((None, 3)), keras.Input((None, 2))
    masked = keras.layers.Masking()(inputs)
    _, h, c = zoo.layers.LSTM(4, return_state=True)(masked)
    outputs = zoo.layers.LSTM(4, return_sequences=True)(queries, initial_state=[h, c])
    model = keras.Model([inputs, queries], keras.layers.Dense(1)(outputs))
    padded = np.concatenate([x, np.zeros((4, 2, 3), "float32")], axis=1)
    ask = np.ones((4, 3, 2), "float32")
    assert_same(model([padded, ask]), model([x, ask]))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded([x, ask]), model([x, ask]))


def test_drop_in_arguments_that_change_nothing():
    layer = zoo.layers.LSTM(4, use_cudnn="auto", implementation=1)
    assert "use_cudnn" not in layer.get_config()
    with pytest.raises(ValueError, match="use_cudnn"):
        zoo.layers.LSTM(4, use_cudnn=True)


def test_an_unknown_argument_is_refused():
    with pytest.raises(ValueError, match="unitz"):
        zoo.layers.LSTM(4, unitz=3)
