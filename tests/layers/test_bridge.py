import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.bridge import DenseBridge, LabelBridge, ZeroBridge

SIZES = [3, 3, 2]
vectors = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
MAKERS = {
    "zero": (lambda: ZeroBridge(SIZES), vectors),
    "dense": (lambda: DenseBridge(SIZES, kernel_initializer="ones"), vectors),
    "label": (lambda: LabelBridge(6, SIZES), np.array([0, 5, 2, 2], "int32")),
}


@pytest.mark.parametrize("name", MAKERS)
def test_makes_first_states_and_survives_a_file(name, tmp_path):
    make, inputs = MAKERS[name]
    bridge = make()
    states = bridge(inputs)
    assert [tuple(state.shape) for state in states] == [(4, size) for size in SIZES]
    source = keras.Input(inputs.shape[1:], dtype=str(inputs.dtype))
    symbolic = bridge(source)
    assert [state.shape for state in symbolic] == [(None, size) for size in SIZES]
    keras.Model(source, symbolic).save(tmp_path / "bridge.keras")
    loaded = keras.models.load_model(tmp_path / "bridge.keras")
    for mine, wanted in zip(loaded(inputs), states, strict=True):
        np.testing.assert_array_equal(mine, wanted)
    assert loaded.layers[-1].get_config() == bridge.get_config()


def test_zeros():
    assert all(np.all(state == 0) for state in ZeroBridge(SIZES)(vectors))
    assert ZeroBridge([2], dtype="mixed_bfloat16")(vectors)[0].dtype == tf.bfloat16


def test_projection_of_one_vector_or_several():
    bridge = DenseBridge(SIZES)
    joined = tf.concat(bridge([vectors[:, :2], vectors[:, 2:]]), axis=-1)
    kernel, bias = bridge.get_weights()
    np.testing.assert_allclose(joined, np.tanh(vectors @ kernel + bias), rtol=0, atol=1e-6)
    linear = DenseBridge(SIZES, activation=None)
    assert np.abs(tf.concat(linear(10 * vectors), axis=-1)).max() > 1


def test_a_label_has_states_of_its_own():
    states = LabelBridge(6, SIZES)(np.array([1, 1, 4]))
    for state in states:
        np.testing.assert_array_equal(state[0], state[1])
        assert not np.allclose(state[0], state[2])


def test_sizes_must_be_positive():
    with pytest.raises(ValueError, match=r"one positive width a state, got \[\]"):
        ZeroBridge([])
    with pytest.raises(ValueError, match=r"got \[2, 0\]"):
        DenseBridge([2, 0])
    with pytest.raises(ValueError, match="`num_labels` must be at least 1, got 0"):
        LabelBridge(0, [2])
