"""The gated recurrent unit."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.cells.gated_cell import GatedCell
from zoo.cells.recurrent_product import RecurrentProduct
from zoo.cells.update_gate import check_convention, mix


@keras.saving.register_keras_serializable(package="zoo")
class GRUCell(GatedCell):
    """The gated recurrent unit.

        z_t = σ(x_t W_z + h_{t-1} U_z + b_z)
        r_t = σ(x_t W_r + h_{t-1} U_r + b_r)
        c_t = f(x_t W_c + r_t ⊙ (h_{t-1} U_c + b'_c) + b_c)     reset_after=True
        c_t = f(x_t W_c + (r_t ⊙ h_{t-1}) U_c + b_c)            reset_after=False
        h_t = z_t ⊙ h_{t-1} + (1 - z_t) ⊙ c_t                   update_gate="keep"
        h_t = (1 - z_t) ⊙ h_{t-1} + z_t ⊙ c_t                   update_gate="renew"

    Weights: `kernel` W `[input, 3 units]`, `recurrent_kernel` U `[units, 3 units]`, `bias` `[2, 3 units]` (the
    input's and the recurrent one) if `reset_after`, else `[3 units]`; gate order z, r, candidate, as
    `keras.layers.GRU`. One state h `[batch, units]`.

    Cho et al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation":
    https://arxiv.org/abs/1406.1078v3 has the reset before the product and z = keep, v1 of the same paper the reset
    after; Chung et al. 2014, https://arxiv.org/abs/1412.3555, and most courses have z = renew.

    Args:
        units: Width of the state.
        activation: f; "tanh" by default.
        recurrent_activation: σ; "sigmoid" by default.
        reset_after: Whether the reset gate acts after the product with the recurrent kernel (as in cuDNN) or before.
        update_gate: "keep" (Keras' convention) or "renew". Exchanging them exchanges z with 1 - z.
        **kwargs: As `Cell`.

    Raises:
        ValueError: An unknown `update_gate`.
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        *,
        reset_after: bool = True,
        update_gate: str = "keep",
        **kwargs: Any,
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(units, activation, recurrent_activation, **kwargs)
        self.reset_after = reset_after
        self.update_gate = check_convention(update_gate)

    @property
    def recurrent_blocks(self) -> tuple[tuple[int, int], ...]:
        """One product of h for all gates; with the reset before it, the candidate's is a second one, of r ⊙ h."""
        return ((0, 3),) if self.reset_after else ((0, 2), (2, 3))

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """`(2, 3 units)` with `reset_after`, else `(3 units,)`."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    @property
    def recurrent_vectors(self) -> list[tf.Tensor]:
        """With `reset_after`, the recurrent bias of the candidate, which the reset gate acts on."""
        if not (self.reset_after and self.use_bias):
            return []
        return [self._read(self.bias)[1, 2 * self.units :]]

    def _projection(self) -> tuple[tf.Tensor, tf.Tensor | None]:
        kernel, bias = super()._projection()
        if bias is None or not self.reset_after:
            return kernel, bias
        # The recurrent bias of the gates is only ever added; the candidate's is not, and `step` adds it.
        of_gates, of_candidate = tf.split(bias[1], [2 * self.units, self.units])
        return kernel, bias[0] + tf.concat([of_gates, tf.zeros_like(of_candidate)], axis=0)

    def step(
        self, projected: tf.Tensor, states: tuple[tf.Tensor, ...], recurrent: RecurrentProduct
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """See `Cell.step`; `projected` is `[batch, 3 units]`."""
        (h,) = states
        x_gates, x_candidate = tf.split(projected, [2 * self.units, self.units], axis=-1)
        if self.reset_after:
            h_gates, h_candidate = tf.split(recurrent(h), [2 * self.units, self.units], axis=-1)
            z, r = tf.split(self.recurrent_activation(x_gates + h_gates), 2, axis=-1)
            if self.use_bias:
                h_candidate += recurrent.vector(0)
            candidate = self.activation(x_candidate + r * h_candidate)
        else:
            z, r = tf.split(self.recurrent_activation(x_gates + recurrent(h, 0)), 2, axis=-1)
            candidate = self.activation(x_candidate + recurrent(r * h, 1))
        h = mix(self.update_gate, z, h, candidate)
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {**super().get_config(), "reset_after": self.reset_after, "update_gate": self.update_gate}
