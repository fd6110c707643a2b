"""Half precision: gradients of a scaled loss are clipped as if it were not, on one replica and on several."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.training import optimizers
from zoo.training.replica_safe import ReplicaSafe
from zoo.training.strategies import strategy

SCALE = 1024.0


class Lines(ReplicaSafe):
    """The mean of x a; the gradient of a [2] is the mean of the rows x."""

    def __init__(self):
        super().__init__()
        self.a = self.add_weight(shape=(2,), initializer="zeros", name="a")
        inner = keras.optimizers.SGD(1.0, global_clipnorm=5.0)
        self.compile(keras.optimizers.LossScaleOptimizer(inner, initial_scale=SCALE), jit_compile=False)

    def call(self, x, training=False):
        return tf.linalg.matvec(x, tf.convert_to_tensor(self.a))

    def loss_terms(self, x, y, y_pred):
        return y_pred, tf.ones_like(y_pred)


def fitted(which, rows):
    with strategy(which).scope():
        model = Lines()
    x = np.array(rows, np.float32)
    model.fit(tf.data.Dataset.from_tensor_slices((x, x[:, 0])).batch(len(x)), verbose=0)
    return model


@pytest.mark.parametrize("which", ["none", "mirrored"])
def test_the_joint_norm_is_that_of_the_loss_itself(which):
    np.testing.assert_allclose(fitted(which, [[3, 4], [6, 8], [9, 12]]).a.numpy(), [-3, -4], rtol=1e-6)  # clipped
    np.testing.assert_allclose(fitted(which, [[0.3, 0.4], [0.6, 0.8]]).a.numpy(), [-0.45, -0.6], rtol=1e-6)  # not


@pytest.mark.parametrize("which", ["none", "mirrored"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_step_that_overflows_is_left_out_by_all_replicas(which, place):
    rows = [[1.0, 1.0], [1.0, 1.0]]
    rows[place][0] = 3e38
    model = fitted(which, rows)
    np.testing.assert_array_equal(model.a.numpy(), [0, 0])
    assert model.optimizer.dynamic_scale.numpy() == SCALE / 2


def test_whose_plan_it_is_is_known_through_the_wrapper():
    inner = keras.optimizers.Adam()
    wrapped = keras.optimizers.LossScaleOptimizer(inner)
    assert not optimizers.follows_plan(wrapped)
    inner.follows_plan = True
    assert optimizers.follows_plan(wrapped)
    assert optimizers.without_loss_scaling(wrapped) is optimizers.without_loss_scaling(inner) is inner
