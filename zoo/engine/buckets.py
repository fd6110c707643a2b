"""Which sizes the engine compiles for, where a size is not known before the data are there."""

from __future__ import annotations

import tensorflow as tf

# Four sizes an octave: 1 2 3 4 5 6 7 8 10 12 14 16 20 24 28 32 40 ... Less than a fifth is padding, and twelve
# compilations serve every size from 9 to 64.
_SMALLEST_STEP_UP_TO = 8
_POWERS = [1 << exponent for exponent in range(1, 31)]


def bucket(size: int | tf.Tensor) -> int | tf.Tensor:
    """Returns the smallest compiled size that is not below `size`; zero becomes one.

    Args:
        size: A number of rows or steps, a Python integer or a scalar int32 tensor.

    Returns:
        The same kind as `size`.
    """
    if isinstance(size, int):
        step = 1 if size <= _SMALLEST_STEP_UP_TO else 1 << ((size - 1).bit_length() - 3)
        return max(-(-size // step) * step, 1)
    # No logarithm: it must not be off by one at the powers of two.
    octave = tf.reduce_sum(tf.cast(size - 1 >= _POWERS, tf.int32))
    step = tf.bitwise.left_shift(1, tf.maximum(octave - 2, 0))
    return tf.maximum(-(-size // step) * step, 1)
