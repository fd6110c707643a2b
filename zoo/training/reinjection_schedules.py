"""How often a decoder reads its own choices as training goes on: the schedules of scheduled sampling.

Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks",
section 2.4. The paper's ε_i is the probability of the true token in the i-th batch; what is returned here is the rate
of re-injection 1 - ε_i, which `zoo.layers.Decoder.forced` takes. A schedule is a function of the count i alone: a
number or, in a graph, a tensor, such as an optimizer's `iterations`, which a checkpoint restores. So a resumed run goes
on as it would have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

Schedule = Callable[[Any], tf.Tensor]
"""Count of batches or epochs so far, from 0 -> rate in [0, 1], float32 scalar."""


def linear(slope: float, *, start: float = 0.0, limit: float = 1.0) -> Schedule:
    """A rate that rises in a straight line: min(limit, start + slope i), or ε_i = max(ε, k - c i).

    Args:
        slope: c, at least 0.
        start: 1 - k, the rate at i = 0.
        limit: 1 - ε, the highest rate.

    Returns:
        The schedule.

    Raises:
        ValueError: A number out of its range.
    """
    if slope < 0 or not 0 <= start <= limit <= 1:
        raise ValueError(
            f"a linear schedule needs slope >= 0 and 0 <= start <= limit <= 1, got {slope}, {start} and {limit}"
        )
    return lambda count: tf.minimum(start + slope * _float(count), limit)


def exponential(base: float) -> Schedule:
    """A rate that rises fast at first: 1 - k^i, or ε_i = k^i.

    Args:
        base: k, between 0 and 1: the share of ε that is left after each count.

    Returns:
        The schedule.

    Raises:
        ValueError: A number out of its range.
    """
    if not 0 < base <= 1:
        raise ValueError(f"an exponential schedule needs 0 < base <= 1, got {base}")
    return lambda count: 1.0 - tf.pow(tf.constant(base, tf.float32), _float(count))


def inverse_sigmoid(speed: float) -> Schedule:
    """A rate that rises slowly, then fast, then slowly: 1 - k / (k + exp(i / k)).

    Args:
        speed: k, at least 1: the larger, the later. The rate is 1/2 at i = k ln k, and 1 / (1 + k) at 0.

    Returns:
        The schedule.

    Raises:
        ValueError: A number out of its range.
    """
    if speed < 1:
        raise ValueError(f"an inverse sigmoid schedule needs a speed of at least 1, got {speed}")
    # The same in a form that does not overflow: exp(x) / (k + exp(x)) = σ(x - ln k).
    return lambda count: tf.sigmoid(_float(count) / speed - tf.math.log(tf.constant(speed, tf.float32)))


class ReinjectionSchedule(keras.callbacks.Callback):
    """Sets the rate at each epoch's start.

    Args:
        schedule: Of the epoch's number, from 0.
        rate: Scalar variable that a model hands to `Decoder.forced`.
    """

    def __init__(self, schedule: Schedule, rate: tf.Variable | keras.Variable) -> None:
        """Remembers both."""
        super().__init__()
        self._schedule = schedule
        self._rate = rate

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Sets the rate."""
        self._rate.assign(self._schedule(epoch))


def _float(count: Any) -> tf.Tensor:
    return tf.cast(tf.convert_to_tensor(count), tf.float32)
