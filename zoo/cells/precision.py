"""Half precision, where it would not do: what is computed in float32 whatever the cell's own precision is."""

from __future__ import annotations

import tensorflow as tf


def wide(dtype: tf.DType) -> tf.DType:
    """Returns the precision to compute sums and products of many numbers of `dtype` in: float32 at least.

    Args:
        dtype: A floating type.

    Returns:
        float32 for the types of half precision, else `dtype`.
    """
    return tf.float32 if dtype.size < 4 else dtype


def widened(tensor: tf.Tensor) -> tf.Tensor:
    """Returns a tensor of any shape in float32 if it is in half precision, else as it is."""
    return tf.cast(tensor, wide(tensor.dtype))
