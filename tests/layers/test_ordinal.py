import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.ordinal import OrdinalLogits


def test_one_score_and_ordered_thresholds():
    layer = OrdinalLogits(4)
    layer.build((None, 2))
    layer.set_weights([np.array([[1.0], [2.0]]), np.array([-1.0]), np.log([0.5, 2.0])])
    np.testing.assert_allclose(layer(tf.constant([[1.0, 1.0]])), [[3 + 1, 3 + 0.5, 3 - 1.5]], rtol=1e-6)


def test_thresholds_stay_in_order_whatever_the_weights():
    layer = OrdinalLogits(6)
    layer.build((None, 1))
    layer.set_weights([np.ones((1, 1)), np.array([3.0]), np.array([-9.0, 2.0, -4.0, 0.0])])
    logits = layer(tf.constant([[0.0], [-50.0]])).numpy()
    assert (np.diff(logits) < 0).all()


def test_two_classes_are_one_logit_and_fewer_are_refused():
    assert OrdinalLogits(2)(tf.zeros([3, 5])).shape == (3, 1)
    with pytest.raises(ValueError, match="at least 2 classes"):
        OrdinalLogits(1)
    assert OrdinalLogits.from_config(OrdinalLogits(5).get_config()).classes == 5
