import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.regions import Regions


def by_hand(x, mask, kernel, bias, width, pool):
    """The definition, with loops."""
    batch, time, _ = x.shape
    x = x * mask[..., None]
    out = np.zeros((batch, -(-time // pool), kernel.shape[-1]), np.float32)
    for b in range(batch):
        for t in range(time):
            if not mask[b, t]:
                continue
            total = bias.copy()
            for k in range(width):
                s = t + k - (width - 1) // 2
                if 0 <= s < time:
                    total += x[b, s] @ kernel[k]
            out[b, t // pool] = np.maximum(out[b, t // pool], np.maximum(total, 0))
    return out


@pytest.mark.parametrize(("width", "pool"), [(3, 1), (3, 4), (4, 2), (1, 3)])
def test_regions_are_their_definition(width, pool):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 7, 2)).astype(np.float32)
    mask = np.arange(7)[None] < np.array([7, 3, 0])[:, None]
    layer = Regions(5, width, pool)
    regions, pooled_mask = layer(x, mask)
    kernel, bias = layer.get_weights()
    kernel = kernel.reshape(width, 2, 5)
    np.testing.assert_allclose(regions, by_hand(x, mask, kernel, bias, width, pool), atol=1e-5)
    expected = [[any(row[i : i + pool]) for i in range(0, 7, pool)] for row in mask.tolist()]
    assert pooled_mask.numpy().tolist() == expected


def test_without_convolution_negative_values_survive_beside_padding():
    x = tf.constant([[[-1.0], [-2.0], [-3.0], [9.0]]])
    regions, mask = Regions(1, width=0, pool=2)(x, tf.constant([[True, True, True, False]]))
    assert regions.numpy().ravel().tolist() == [-1.0, -3.0]
    assert mask.numpy().tolist() == [[True, True]]
    regions, _ = Regions(1, width=0, pool=4)(x, tf.constant([[False] * 4]))
    assert regions.numpy().ravel().tolist() == [0.0]


@pytest.mark.parametrize("width", [0, 3])
def test_more_padding_changes_nothing(width):
    x = np.random.default_rng(2).normal(size=(2, 5, 3)).astype(np.float32)
    layer = Regions(4, width, 2)
    short, _ = layer(x, np.ones((2, 5), bool))
    wide = np.pad(x, [[0, 0], [0, 6], [0, 0]], constant_values=7.0)
    long, mask = layer(wide, np.arange(11)[None].repeat(2, 0) < 5)
    np.testing.assert_allclose(long[:, :3], short, atol=1e-6)
    assert not np.any(long[:, 3:])
    assert mask.numpy().sum() == 6


def test_an_empty_batch_stays_empty():
    """What a replica gets of a batch that does not reach for all."""
    regions, mask = Regions(4, 3, 2)(tf.zeros([0, 5, 3]), tf.zeros([0, 5], tf.bool))
    assert regions.shape == (0, 3, 4)
    assert mask.shape == (0, 3)


def test_shapes_in_a_functional_model_and_back_from_its_configuration():
    x, mask = keras.Input([None, 3]), keras.Input([None], dtype="bool")
    layer = Regions(4, 3, 2)
    regions, pooled = layer(x, mask)
    assert regions.shape == (None, None, 4)
    assert pooled.dtype == "bool"
    again = Regions.from_config(layer.get_config())
    assert (again.filters, again.width, again.pool) == (4, 3, 2)
