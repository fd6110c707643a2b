import keras
import numpy as np
import pytest

from zoo.layers.one_hot import OneHot

IDS = np.array([[2, 1, 0], [4, 0, 0]], "int32")


def test_one_at_the_id_and_zeros_for_padding():
    expected = np.zeros((2, 3, 5), "float32")
    expected[0, 0, 2] = expected[0, 1, 1] = expected[1, 0, 4] = 1
    np.testing.assert_array_equal(OneHot(5)(IDS), expected)


@pytest.mark.parametrize(("policy", "dtype"), [("float32", "float32"), ("mixed_float16", "float16")])
def test_dtype_is_what_the_layer_computes_in(policy, dtype):
    inputs = keras.Input([None], dtype="int32")
    outputs = OneHot(5, dtype=policy)(inputs)
    assert outputs.shape == (None, None, 5)
    assert outputs.dtype == dtype
    assert keras.backend.standardize_dtype(keras.Model(inputs, outputs)(IDS).dtype) == dtype


def test_no_steps():
    assert OneHot(5)(np.zeros((2, 0), "int32")).shape == (2, 0, 5)


def test_a_product_with_it_is_an_embedding():
    inputs = keras.Input([None], dtype="int32")
    dense = keras.layers.Dense(3, use_bias=False)
    model = keras.Model(inputs, dense(OneHot(5)(inputs)))
    kernel = dense.get_weights()[0].copy()
    kernel[0] = 0
    np.testing.assert_allclose(model(IDS), kernel[IDS], rtol=0, atol=1e-7)


def test_config_round_trip():
    layer = OneHot(5, name="words", dtype="mixed_float16")
    assert OneHot.from_config(layer.get_config()).get_config() == layer.get_config()
