"""The simple recurrent network, with tanh or as an IRNN."""

from __future__ import annotations

import keras
import tensorflow as tf

from zoo.cells.cell import Cell
from zoo.cells.recurrent_product import RecurrentProduct


@keras.saving.register_keras_serializable(package="zoo")
class ElmanCell(Cell):
    """The simple recurrent cell.

        h_t = f(x_t W + h_{t-1} U + b)

    Weights: `kernel` W `[input, units]`, `recurrent_kernel` U `[units, units]`, `bias` b `[units]`, as
    `keras.layers.SimpleRNN`. One state h `[batch, units]`.

    With `activation="relu", recurrent_initializer="identity"` it is the IRNN, whose gradient neither explodes nor
    vanishes at the start of training.

    Elman 1990, "Finding Structure in Time"; Le, Jaitly & Hinton 2015, "A Simple Way to Initialize Recurrent Networks of
    Rectified Linear Units", https://arxiv.org/abs/1504.00941.

    Args:
        units: Width of the state.
        activation: f; "tanh" by default.
        **kwargs: As `Cell`.
    """

    gates = 1
    adds_product = True

    def step(
        self, projected: tf.Tensor, states: tuple[tf.Tensor, ...], recurrent: RecurrentProduct
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """See `Cell.step`; `projected` is `[batch, units]`."""
        (h,) = states
        h = self.activation(projected + recurrent(h))
        return h, [h]
