import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.pooling import SequencePooling

X = tf.constant([[[1.0, -1.0], [3.0, -5.0], [90.0, 90.0]], [[7.0, 7.0], [7.0, 7.0], [7.0, 7.0]]])
MASK = tf.constant([[True, True, False], [False, False, False]])


def test_mean_and_maximum_are_of_real_steps_only():
    assert SequencePooling("mean")(X, MASK).numpy().tolist() == [[2.0, -3.0], [0.0, 0.0]]
    assert SequencePooling("max")(X, MASK).numpy().tolist() == [[3.0, -1.0], [0.0, 0.0]]


def test_attention_is_its_equation():
    layer = SequencePooling("attention")
    layer.build(X.shape)
    rng = np.random.default_rng(0)
    w, b, v = rng.normal(size=(2, 2)), rng.normal(size=2), rng.normal(size=(2, 1))
    layer.hidden.set_weights([w, b])
    layer.score.set_weights([v])
    steps = X.numpy()[0, :2]
    scores = np.exp(np.tanh(steps @ w + b) @ v)
    expected = (scores / scores.sum() * steps).sum(axis=0)
    np.testing.assert_allclose(layer(X, MASK), [expected, [0.0, 0.0]], rtol=1e-5)


@pytest.mark.parametrize("mode", ["mean", "max", "attention"])
def test_gradients_are_finite_where_nothing_is_real(mode):
    layer = SequencePooling(mode)
    with tf.GradientTape() as tape:
        tape.watch(X)
        total = tf.reduce_sum(layer(X, MASK))
    gradient = tape.gradient(total, X).numpy()
    assert np.isfinite(gradient).all()
    assert gradient[0, :2].any()
    assert not gradient[0, 2].any()


def test_an_unknown_mode_is_refused_and_a_known_one_survives_its_configuration():
    with pytest.raises(ValueError, match="no mode 'sum'; allowed: mean, max, attention"):
        SequencePooling("sum")
    assert SequencePooling.from_config(SequencePooling("attention").get_config()).mode == "attention"
