import numpy as np
import pytest
import tensorflow as tf

from zoo.models.cross_entropy import nats


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (0, 3)])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_it_is_the_cross_entropy_in_float32(shape, dtype):
    logits = tf.cast(tf.random.stateless_normal([*shape, 4], (1, 2)), dtype)
    classes = tf.random.stateless_uniform(shape, (3, 4), 0, 4, tf.int32)
    found = nats(classes, logits)
    expected = (
        -tf.math.log_softmax(tf.cast(logits, "float32"))
        .numpy()
        .reshape(-1, 4)[range(classes.shape.num_elements()), classes.numpy().reshape(-1)]
    )
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found.numpy().reshape(-1), expected, rtol=1e-5)


def test_where_shapes_are_not_known_there_is_no_check_on_the_host():
    signature = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None, 4], tf.float32)]
    graph = tf.function(nats, input_signature=signature).get_concrete_function().graph
    assert not [op for op in graph.get_operations() if op.type == "Assert"]
