import numpy as np
import tensorflow as tf

from zoo.engine.buckets import bucket


def test_four_sizes_an_octave():
    sizes = [*range(1, 9), 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80]
    assert sorted({bucket(size) for size in range(81)}) == sizes
    assert all(bucket(size) == size for size in sizes)


def test_a_tensor_gives_what_an_integer_gives():
    sizes = [*range(300), *(2**power + more for power in range(9, 25) for more in (-1, 0, 1))]
    wanted = [bucket(size) for size in sizes]
    given = tf.function(lambda sizes: tf.map_fn(bucket, sizes))(tf.constant(sizes, tf.int32))
    np.testing.assert_array_equal(given, wanted)
    padding = np.array(wanted[9:]) - sizes[9:]
    assert padding.min() == 0
    assert np.all(padding < np.array(wanted[9:]) / 5)
