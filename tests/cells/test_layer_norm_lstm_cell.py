import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.cells import LayerNormLSTMCell
from zoo.layers import LayerNormLSTM


def test_the_order_and_the_first_values_of_the_weights():
    cell = LayerNormLSTMCell(3)
    cell.build((None, 2))
    names = ["kernel", "recurrent_kernel", "bias", "input_gain", "recurrent_gain", "cell_gain", "cell_bias"]
    assert [weight.name for weight in cell.weights] == names
    assert [weight.shape for weight in cell.weights] == [(2, 12), (3, 12), (12,), (12,), (12,), (3,), (3,)]
    for gain in (cell.input_gain, cell.recurrent_gain, cell.cell_gain):
        np.testing.assert_array_equal(gain, np.ones(gain.shape))
    np.testing.assert_array_equal(cell.bias, [0] * 3 + [1] * 3 + [0] * 6)


def test_without_bias_there_is_none():
    cell = LayerNormLSTMCell(3, use_bias=False, gain_initializer="zeros")
    cell.build((None, 2))
    names = ["kernel", "recurrent_kernel", "input_gain", "recurrent_gain", "cell_gain"]
    assert [weight.name for weight in cell.weights] == names
    h, states = cell(np.ones((4, 2), "float32"), [np.ones((4, 3), "float32")] * 2)
    np.testing.assert_array_equal(h, np.zeros((4, 3)))  # every gate is σ(0), and of c nothing is seen
    np.testing.assert_array_equal(states[1], np.full((4, 3), 0.5))


@pytest.mark.parametrize("weight", ["kernel", "recurrent_kernel"])
def test_the_scale_of_a_kernel_does_not_matter(weight):
    """What layer normalisation is for (section 5.1 of the paper)."""
    rng = np.random.default_rng(0)
    cell = LayerNormLSTMCell(8, epsilon=1e-12, dtype="float64")
    cell.build((None, 5))
    x, states = rng.normal(size=(4, 5)), [rng.normal(size=(4, 8)) for _ in range(2)]
    before = cell(x, states)[0]
    variable = getattr(cell, weight)
    variable.assign(1000 * variable + 7)  # a shift of all columns cancels too
    np.testing.assert_allclose(cell(x, states)[0], before, rtol=0, atol=1e-8)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 2e-3), ("bfloat16", 2e-2)])
def test_half_precision_survives_large_and_small_products(dtype, tolerance):
    """Squares of 300 overflow float16, and those of 1e-3 vanish beside its smallest number."""
    exact, half = (LayerNormLSTMCell(16, epsilon=1e-8, dtype=policy) for policy in ("float32", f"mixed_{dtype}"))
    exact.build((None, 4))
    half.build((None, 4))
    half.set_weights(exact.get_weights())
    rng = np.random.default_rng(0)
    x = np.float32([[512, 256, -512, 128], [2**-10, 2**-11, -(2**-10), 2**-12]])
    states = [np.float32(rng.integers(-4, 5, size=(2, 16)) / 4) * size for size in (2**-10, 1)]
    h, (_, c) = exact(x, states)
    half_h, (_, half_c) = half(tf.cast(x, dtype), [tf.cast(state, dtype) for state in states])
    assert half_h.dtype == half_c.dtype == dtype
    np.testing.assert_allclose(tf.cast(half_h, "float32"), h, rtol=0, atol=tolerance)
    np.testing.assert_allclose(tf.cast(half_c, "float32"), c, rtol=0, atol=tolerance)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_gradients_from_a_state_of_zeros_are_finite(policy):
    """There h U has no variance at all, and only ε keeps the gradient in bounds."""
    keras.utils.set_random_seed(0)
    layer = LayerNormLSTM(6, dtype=policy)
    x = tf.random.stateless_normal([3, 4, 5], seed=[1, 2])
    with tf.GradientTape() as tape:
        loss = 32 * tf.reduce_sum(tf.cast(layer(x), "float32"))  # scaled, as float16 needs it
    gradients = tape.gradient(loss, layer.trainable_variables)
    for gradient in gradients:
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient != 0)


def test_an_epsilon_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="`epsilon` must be positive, got 0"):
        LayerNormLSTMCell(3, epsilon=0)
