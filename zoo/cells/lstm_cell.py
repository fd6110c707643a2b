"""Long short-term memory."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.cells.gated_cell import GatedCell
from zoo.cells.recurrent_product import RecurrentProduct


@keras.saving.register_keras_serializable(package="zoo")
class LSTMCell(GatedCell):
    """Long short-term memory with a forget gate.

        i_t = σ(x_t W_i + h_{t-1} U_i + b_i)
        f_t = σ(x_t W_f + h_{t-1} U_f + b_f)
        g_t = φ(x_t W_g + h_{t-1} U_g + b_g)
        o_t = σ(x_t W_o + h_{t-1} U_o + b_o)
        c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
        h_t = o_t ⊙ φ(c_t)

    Weights: `kernel` W `[input, 4 units]`, `recurrent_kernel` U `[units, 4 units]`, `bias` b `[4 units]`; gate order
    i, f, g, o, as `keras.layers.LSTM`. Two states, h and c, each `[batch, units]`.

    Hochreiter & Schmidhuber 1997, "Long Short-Term Memory"; forget gate: Gers, Schmidhuber & Cummins 2000, "Learning to
    Forget"; its bias of one: Jozefowicz, Zaremba & Sutskever 2015, "An Empirical Exploration of Recurrent Network
    Architectures".

    Args:
        units: Width of the states.
        activation: φ; "tanh" by default.
        recurrent_activation: σ; "sigmoid" by default.
        unit_forget_bias: Whether the forget gate's bias starts at one, so that the cell remembers until it has learnt
            what to forget.
        **kwargs: As `Cell`.
    """

    gates = 4
    state_count = 2
    adds_product = True

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        *,
        unit_forget_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(units, activation, recurrent_activation, **kwargs)
        self.unit_forget_bias = unit_forget_bias

    def _initializer_of(self, name: str, role: str) -> Any:
        return (
            self._forget_bias_initializer
            if name == "bias" and self.unit_forget_bias
            else super()._initializer_of(name, role)
        )

    def _forget_bias_initializer(self, shape: tuple[int, ...], *args: Any, **kwargs: Any) -> tf.Tensor:
        del shape
        before = self.bias_initializer((self.units,), *args, **kwargs)
        ones = keras.ops.ones_like(before)
        after = self.bias_initializer((2 * self.units,), *args, **kwargs)
        return keras.ops.concatenate([before, ones, after])

    def step(
        self, projected: tf.Tensor, states: tuple[tf.Tensor, ...], recurrent: RecurrentProduct
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """See `Cell.step`; `projected` is `[batch, 4 units]`."""
        h, c = states
        i, f, g, o = tf.split(projected + recurrent(h), 4, axis=-1)
        c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}
