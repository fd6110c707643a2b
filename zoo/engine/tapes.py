"""What the engine asks of gradient tapes."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import tensorflow as tf

# Whether any tape is recording, and a pause for all of them, are known here alone; `tf.GradientTape` has both for one
# tape that one holds in the hand.
from tensorflow.python.eager import record


def are_recording(tensors: Sequence[tf.Tensor]) -> bool:
    """Whether any tape records what becomes of one of the tensors."""
    return record.should_record_backprop(list(tensors))


def stopped() -> contextlib.AbstractContextManager[None]:
    """Within it no tape records.

    For the inside of a `tf.custom_gradient`, whose gradient is known: a second tape would otherwise want the gradient
    of every operation there too, and XLA's slices have none.
    """
    return record.stop_recording()
