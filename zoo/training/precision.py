"""In how many bits a model computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

# Of mixed policies: weights, losses and what is summed over many steps stay in 32 bits.
_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def policy(precision: str) -> str:
    """Returns the name of Keras' dtype policy.

    Args:
        precision: `float32`, `bfloat16` or `float16`.
    """
    return _POLICIES[precision]


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Layers that are made in this block compute so.

    Args:
        precision: As `policy`.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy(precision))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
