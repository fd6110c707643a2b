"""The gated recurrent unit without a relevance gate."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.cells.gated_cell import GatedCell
from zoo.cells.recurrent_product import RecurrentProduct
from zoo.cells.update_gate import check_convention, mix


@keras.saving.register_keras_serializable(package="zoo")
class SimplifiedGRUCell(GatedCell):
    """The GRU with an update gate only: no reset (relevance) gate.

        z_t = σ(x_t W_z + h_{t-1} U_z + b_z)
        c_t = f(x_t W_c + h_{t-1} U_c + b_c)
        h_t = z_t ⊙ h_{t-1} + (1 - z_t) ⊙ c_t     update_gate="keep"
        h_t = (1 - z_t) ⊙ h_{t-1} + z_t ⊙ c_t     update_gate="renew"

    Weights: `kernel` W `[input, 2 units]`, `recurrent_kernel` U `[units, 2 units]`, `bias` b `[2 units]`; gate order
    z, candidate. One state h `[batch, units]`.

    The update gate alone with a candidate from the whole state is the coupled-gate recurrent network of Collins,
    Sohl-Dickstein & Sussillo 2017, "Capacity and Trainability in Recurrent Neural Networks" (there: the UGRNN),
    https://arxiv.org/abs/1611.09913; courses teach it as the simplified GRU, with `update_gate="renew"`.

    Args:
        units: Width of the state.
        activation: f; "tanh" by default.
        recurrent_activation: σ; "sigmoid" by default.
        update_gate: "keep" or "renew", as `GRUCell`.
        **kwargs: As `Cell`.

    Raises:
        ValueError: An unknown `update_gate`.
    """

    gates = 2
    adds_product = True

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        *,
        update_gate: str = "keep",
        **kwargs: Any,
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(units, activation, recurrent_activation, **kwargs)
        self.update_gate = check_convention(update_gate)

    def step(
        self, projected: tf.Tensor, states: tuple[tf.Tensor, ...], recurrent: RecurrentProduct
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """See `Cell.step`; `projected` is `[batch, 2 units]`."""
        (h,) = states
        gate, candidate = tf.split(projected + recurrent(h), 2, axis=-1)
        h = mix(self.update_gate, self.recurrent_activation(gate), h, self.activation(candidate))
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {**super().get_config(), "update_gate": self.update_gate}
