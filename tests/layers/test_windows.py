"""The windows of a convolution."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.windows import windows


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_one_product_over_windows_is_a_convolution(width):
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 5, 3)).astype("f"), rng.normal(size=(width, 3, 4)).astype("f")
    found = tf.matmul(windows(tf.constant(x), width), kernel.reshape(width * 3, 4))
    np.testing.assert_allclose(found, keras.ops.conv(x, kernel, padding="same"), rtol=1e-4, atol=1e-5)


def test_there_may_be_no_rows():
    with tf.GradientTape() as tape:
        empty = tf.zeros([0, 5, 3])
        tape.watch(empty)
        found = windows(empty, 3)
    assert found.shape == (0, 5, 9)
    assert tape.gradient(found, empty).shape == (0, 5, 3)
