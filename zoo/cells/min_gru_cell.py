"""The minimal gated recurrent unit, which trains in parallel over time."""

from __future__ import annotations

import keras
import tensorflow as tf

from zoo.cells.parallel_cell import ParallelCell


@keras.saving.register_keras_serializable(package="zoo")
class MinGRUCell(ParallelCell):
    """The GRU without a reset gate, whose gate and candidate see the input only.

        z_t = σ(x_t W_z + b_z)
        c_t = f(x_t W_c + b_c)
        h_t = (1 - z_t) ⊙ h_{t-1} + z_t ⊙ c_t

    Weights: `kernel` W `[input, 2 units]`, `bias` b `[2 units]`; gate order z, candidate. One state h `[batch, units]`.

    Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, "Were RNNs All We Needed?", https://arxiv.org/abs/2410.01201,
    section 3.1. The candidate there is linear, as by default here. The log-space form in the paper's appendix needs
    positive candidates, and so has `activation=zoo.cells.positive`; here that is a choice of the model alone, for
    the scan needs no logarithms: all it does is scale by decays in [0, 1] and add.

    Args:
        units: Width of the state.
        activation: f; "linear" by default.
        recurrent_activation: σ; "sigmoid" by default.
        **kwargs: As `ParallelCell`.
    """

    gates = 2

    def recurrence(self, projected: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See `ParallelCell.recurrence`; `projected` is `[..., 2 units]`."""
        gate, candidate = tf.split(projected, 2, axis=-1)
        z = self.recurrent_activation(gate)
        return 1 - z, z * self.activation(candidate)
