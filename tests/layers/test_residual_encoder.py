import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.group_normalization import GroupNormalization
from zoo.layers.residual_encoder import residual_encoder

rng = np.random.default_rng(0)
images = rng.normal(size=(3, 8, 8, 16)).astype("float32") * 2 + 1


@pytest.mark.parametrize("arguments", [{}, {"groups": -1}, {"groups": 1, "scale": False}, {"center": False}], ids=str)
def test_group_normalization_has_the_numbers_and_gradients_of_keras(arguments):
    arguments = {"groups": 4, **arguments}
    mine, theirs = GroupNormalization(**arguments), keras.layers.GroupNormalization(**arguments)
    results = []
    for layer, training in ((theirs, {}), (mine, {"training": True}), (mine, {"training": False})):
        if not layer.built:
            layer.build(images.shape)
        for weight in layer.weights:
            weight.assign(np.linspace(0.5, 2, 16))
        x, projection = tf.constant(images), np.random.default_rng(1).normal(size=images.shape)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, **training)
            loss = tf.reduce_sum(y * projection)
        results.append([y, *tape.gradient(loss, [x, *(weight.value for weight in layer.weights)])])
    for found in results[1:]:
        for part, wanted in zip(found, results[0], strict=True):
            np.testing.assert_allclose(part, wanted, rtol=1e-4, atol=1e-4)


def test_group_normalization_leaves_other_axes_to_keras():
    first = GroupNormalization(2, axis=1)
    wanted = keras.layers.GroupNormalization(2, axis=1)
    np.testing.assert_allclose(first(images, training=True), wanted(images), rtol=0, atol=1e-6)
    assert first.get_config()["groups"] == 2


def test_group_normalization_of_half_precision_does_not_overflow():
    layer = GroupNormalization(2, dtype="float16")
    y = layer(tf.constant(images * 1000, tf.float16), training=True)
    assert y.dtype == tf.float16
    assert np.all(np.isfinite(y))


def test_the_map_has_a_16th_of_the_side_and_no_image_sees_another():
    encoder = residual_encoder(64, (8, 16, 24, 32), blocks=2)
    pixels = tf.constant(rng.uniform(-1, 1, size=(3, 64, 64, 3)), tf.float32)
    features = encoder(pixels, training=True)
    assert features.shape == (3, 4, 4, 32)
    assert encoder.output_shape == (None, 4, 4, 32)
    assert np.min(features) >= 0
    assert np.std(features) > 0.1
    np.testing.assert_allclose(encoder(pixels[1:2])[0], features[1], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((64, ()), "multiples of 8"),
        ((64, (8, 12)), "multiples of 8, got widths=.8, 12. and blocks=1"),
        ((64, (8,), 0), "blocks=0"),
        ((4, (8, 8, 8)), "3 stages need images of at least 8 pixels a side, got 4"),
    ],
)
def test_what_cannot_be_composed(arguments, message):
    with pytest.raises(ValueError, match=message):
        residual_encoder(*arguments)
