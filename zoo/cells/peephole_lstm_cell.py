"""Long short-term memory whose gates see the cell state."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.cells.lstm_cell import LSTMCell
from zoo.cells.recurrent_product import RecurrentProduct

_OUTPUT_PEEPHOLES = ("current", "previous")


@keras.saving.register_keras_serializable(package="zoo")
class PeepholeLSTMCell(LSTMCell):
    """LSTM with diagonal peephole connections from the cell state to the gates.

        i_t = σ(x_t W_i + h_{t-1} U_i + p_i ⊙ c_{t-1} + b_i)
        f_t = σ(x_t W_f + h_{t-1} U_f + p_f ⊙ c_{t-1} + b_f)
        g_t = φ(x_t W_g + h_{t-1} U_g + b_g)
        c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
        o_t = σ(x_t W_o + h_{t-1} U_o + p_o ⊙ c_t + b_o)         output_peephole="current"
        o_t = σ(x_t W_o + h_{t-1} U_o + p_o ⊙ c_{t-1} + b_o)     output_peephole="previous"
        h_t = o_t ⊙ φ(c_t)

    Weights: those of `LSTMCell`, then `peephole_kernel` `[3, units]`, the rows p_i, p_f, p_o. Two states, h and c, each
    `[batch, units]`.

    Gers & Schmidhuber 2000, "Recurrent Nets that Time and Count"; Gers, Schraudolph & Schmidhuber 2002, "Learning
    Precise Timing with LSTM Recurrent Networks".

    Args:
        units: Width of the states.
        activation: φ; "tanh" by default.
        recurrent_activation: σ; "sigmoid" by default.
        output_peephole: "current", as in the papers, or "previous", as for the other two gates.
        peephole_initializer: Initializer of `peephole_kernel`. With zeros, the default, training starts from the
            plain LSTM.
        **kwargs: As `LSTMCell`.

    Raises:
        ValueError: An unknown `output_peephole`.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        *,
        output_peephole: str = "current",
        peephole_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(units, activation, recurrent_activation, **kwargs)
        if output_peephole not in _OUTPUT_PEEPHOLES:
            raise ValueError(f"`output_peephole` must be one of {_OUTPUT_PEEPHOLES}, got {output_peephole!r}")
        self.output_peephole = output_peephole
        self.peephole_initializer = keras.initializers.get(peephole_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights of `LSTMCell`, then `peephole_kernel`."""
        super().build(input_shape)
        self.peephole_kernel = self._add(
            "peephole_kernel", (3, self.units), role="recurrent", initializer=self.peephole_initializer
        )

    @property
    def recurrent_vectors(self) -> list[tf.Tensor]:
        """The diagonals p_i, p_f, p_o."""
        return tf.unstack(self._read(self.peephole_kernel))

    def step(
        self, projected: tf.Tensor, states: tuple[tf.Tensor, ...], recurrent: RecurrentProduct
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """See `Cell.step`; `projected` is `[batch, 4 units]`."""
        h, previous = states
        i, f, g, o = tf.split(projected + recurrent(h), 4, axis=-1)
        i = self.recurrent_activation(i + recurrent.diagonal(previous, 0))
        f = self.recurrent_activation(f + recurrent.diagonal(previous, 1))
        c = f * previous + i * self.activation(g)
        seen = c if self.output_peephole == "current" else previous
        h = self.recurrent_activation(o + recurrent.diagonal(seen, 2)) * self.activation(c)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {
            **super().get_config(),
            "output_peephole": self.output_peephole,
            "peephole_initializer": keras.initializers.serialize(self.peephole_initializer),
        }
