import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.packing import Packing

MASK = np.array([[[1, 1, 0], [0, 0, 0]], [[1, 0, 0], [0, 1, 1]]], bool)  # anywhere, not only at the end
rng = np.random.default_rng(0)
values = rng.normal(size=(*MASK.shape, 2)).astype("float32")
VALUES = tf.constant(values)


def doubled(mask, values):
    """Works something out for the rows that are real, and puts it back."""
    packing = Packing(mask)
    return packing.unpacked(2.0 * packing.packed(values))


WAYS = {
    "eager": doubled,
    "graph": tf.function(doubled, autograph=False),
    "any size": tf.function(
        doubled,
        autograph=False,
        input_signature=[tf.TensorSpec([None, None, None], tf.bool), tf.TensorSpec([None, None, None, 2])],
    ),
    "XLA": tf.function(doubled, autograph=False, jit_compile=True),
}


@pytest.mark.parametrize("way", WAYS)
def test_rows_come_back_to_their_places_with_zeros_between(way):
    with tf.GradientTape() as tape:
        tape.watch(VALUES)
        result = WAYS[way](tf.constant(MASK), VALUES)
        loss = tf.reduce_sum(result**2)
    wanted = np.where(MASK[..., np.newaxis], 2 * values, 0)
    np.testing.assert_allclose(result, wanted, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, VALUES), 4 * wanted, rtol=1e-6)
    assert result.shape[-1] == 2


def test_only_real_rows_are_kept():
    packing = Packing(tf.constant(MASK))
    np.testing.assert_array_equal(packing.places, np.flatnonzero(MASK))
    np.testing.assert_array_equal(packing.packed(VALUES), values[MASK])
    np.testing.assert_array_equal(packing.packed(tf.constant(MASK)), np.ones(MASK.sum(), bool))


def test_nothing_real_and_no_rows_at_all():
    nothing = Packing(tf.zeros([2, 3], tf.bool))
    assert nothing.packed(tf.ones([2, 3, 4])).shape == (0, 4)
    np.testing.assert_array_equal(nothing.unpacked(tf.ones([0, 4])), np.zeros([2, 3, 4]))
    empty = Packing(tf.zeros([0, 3], tf.bool))
    assert empty.unpacked(empty.packed(tf.ones([0, 3, 4]))).shape == (0, 3, 4)


def test_what_is_not_real_may_be_anything_under_xla():
    # There all rows are worked out; what comes of those that are not real must not be seen.
    poisoned = tf.where(MASK[..., np.newaxis], VALUES, np.nan)
    result = WAYS["XLA"](tf.constant(MASK), poisoned)
    np.testing.assert_allclose(result, np.where(MASK[..., np.newaxis], 2 * values, 0), rtol=1e-6)
