import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.attention import BahdanauAttention

BATCH, POSITIONS, DIM, QUERY, UNITS = 2, 4, 3, 5, 6
rng = np.random.default_rng(0)
memory = rng.normal(size=(BATCH, POSITIONS, DIM)).astype("float32")
MASK = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], bool)


def make(**arguments):
    keras.utils.set_random_seed(1)
    layer = BahdanauAttention(UNITS, **arguments)
    layer.build((None, QUERY), (None, POSITIONS, DIM))
    for weight in layer.weights:  # biases too
        weight.assign(rng.normal(size=weight.shape))
    return layer


def by_hand(layer, query, values, mask):
    """The equations, one query and one memory at a time, in float64."""
    kernels = {weight.name: weight.numpy().astype("float64") for weight in layer.weights}
    hidden = np.tanh(values @ kernels["memory_kernel"] + kernels["bias"] + query @ kernels["query_kernel"])
    scores = np.exp((hidden @ kernels["score_kernel"])[:, 0]) * mask
    weights = scores / max(scores.sum(), 1e-300)
    gate = 1.0
    if layer.gate:
        gate = 1 / (1 + np.exp(-(query @ kernels["gate_kernel"] + kernels["gate_bias"])))
    return gate * (weights @ values), weights


@pytest.mark.parametrize("gate", [False, True])
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_the_equations(gate, mask):
    """Three queries of one memory, side by side."""
    layer = make(gate=gate)
    query = rng.normal(size=(3 * BATCH, QUERY)).astype("float32")
    context, weights = layer(query, memory, memory_mask=mask)
    for row in range(3 * BATCH):
        real = np.ones(POSITIONS) if mask is None else mask[row // 3]
        wanted_context, wanted_weights = by_hand(layer, query[row].astype("float64"), memory[row // 3], real)
        np.testing.assert_allclose(context[row], wanted_context, rtol=0, atol=1e-5)
        np.testing.assert_allclose(weights[row], wanted_weights, rtol=0, atol=1e-5)


def test_a_memory_without_real_positions_gives_zeros_and_finite_gradients():
    layer = make()
    query = tf.constant(rng.normal(size=(BATCH, QUERY)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(query)
        context, weights = layer(query, memory, memory_mask=np.array([[0] * POSITIONS, [1] * POSITIONS], bool))
        loss = tf.reduce_sum(context) + tf.reduce_sum(weights)
    np.testing.assert_array_equal(context[0], np.zeros(DIM))
    np.testing.assert_array_equal(weights[0], np.zeros(POSITIONS))
    assert np.all(np.isfinite(tape.gradient(loss, query)))


def test_half_precision_keeps_the_weights_a_distribution():
    layer = make(dtype="mixed_bfloat16")
    context, weights = layer(rng.normal(size=(BATCH, QUERY)), memory)
    assert (context.dtype, weights.dtype) == (tf.bfloat16, tf.float32)
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=1), np.ones(BATCH), rtol=1e-5)


def test_config_round_trip():
    layer = BahdanauAttention(UNITS, gate=True, kernel_initializer="zeros")
    copy = BahdanauAttention.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    with pytest.raises(ValueError, match="`units` must be at least 1, got 0"):
        BahdanauAttention(0)
