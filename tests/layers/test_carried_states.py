import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.carried_states import CarriedStates


def test_states_are_kept_and_rows_may_come_and_go():
    carried = CarriedStates([2, 3], rows=2)
    assert [state.shape.as_list() for state in carried.read(tf.constant(2))] == [[2, 2], [2, 3]]
    carried.keep([tf.ones([4, 2]), tf.fill([4, 3], 2.0)])
    first, second = carried.read(tf.constant(5))
    np.testing.assert_array_equal(first, [[1, 1]] * 4 + [[0, 0]])
    np.testing.assert_array_equal(second[:4], np.full([4, 3], 2.0))
    assert carried.read(tf.constant(1))[0].shape == (1, 2)
    assert not carried.trainable_variables


def test_no_gradient_goes_back_into_the_window_before():
    carried, x = CarriedStates([1], rows=1), tf.Variable([[3.0]])
    with tf.GradientTape() as tape:
        carried.keep([2.0 * x])
        y = carried.read(tf.constant(1))[0] * 5.0
    assert tape.gradient(y, x) is None
    np.testing.assert_array_equal(y, [[30.0]])


def test_variables_of_a_static_shape_hold_fewer_rows_but_not_more():
    carried = CarriedStates([2], rows=3, static_shapes=True)
    carried.keep([tf.ones([2, 2])])
    np.testing.assert_array_equal(carried.read(tf.constant(3))[0], [[1, 1], [1, 1], [0, 0]])
    with pytest.raises(ValueError, match="a batch has 4 rows, but states are carried of 3"):
        carried.keep([tf.ones([4, 2])])
