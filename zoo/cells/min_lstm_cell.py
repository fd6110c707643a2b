"""The minimal long short-term memory, which trains in parallel over time."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.cells.parallel_cell import ParallelCell


@keras.saving.register_keras_serializable(package="zoo")
class MinLSTMCell(ParallelCell):
    """The LSTM without an output gate and a cell state, whose gates and candidate see the input only.

        f_t = σ(x_t W_f + b_f)
        i_t = σ(x_t W_i + b_i)
        c_t = φ(x_t W_c + b_c)
        h_t = f_t / (f_t + i_t) ⊙ h_{t-1} + i_t / (f_t + i_t) ⊙ c_t

    Weights: `kernel` W `[input, 3 units]`, `bias` b `[3 units]`; gate order f, i, candidate. One state h
    `[batch, units]`.

    Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, "Were RNNs All We Needed?", https://arxiv.org/abs/2410.01201,
    section 3.2. For the candidate see `MinGRUCell`: linear by default, `activation=zoo.cells.positive` as an option.

    Args:
        units: Width of the state.
        activation: φ; "linear" by default.
        recurrent_activation: σ; only "sigmoid": the quotients are computed from its logarithm.
        **kwargs: As `ParallelCell`.

    Raises:
        ValueError: Another `recurrent_activation`.
    """

    gates = 3

    def __init__(
        self, units: int, activation: Any = "linear", recurrent_activation: Any = "sigmoid", **kwargs: Any
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(units, activation, recurrent_activation, **kwargs)
        if self.recurrent_activation is not keras.activations.sigmoid:
            raise ValueError(f"`recurrent_activation` of MinLSTMCell must be 'sigmoid', got {recurrent_activation!r}")

    def recurrence(self, projected: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See `ParallelCell.recurrence`; `projected` is `[..., 3 units]`."""
        forget, insert, candidate = tf.split(projected, 3, axis=-1)
        # f / (f + i) = σ(log f - log i). The quotient itself would be 0 / 0 where both gates are shut.
        difference = tf.math.log_sigmoid(forget) - tf.math.log_sigmoid(insert)
        return tf.sigmoid(difference), tf.sigmoid(-difference) * self.activation(candidate)
