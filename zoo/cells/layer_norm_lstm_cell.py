"""Long short-term memory with layer normalisation."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.cells.lstm_cell import LSTMCell
from zoo.cells.precision import widened
from zoo.cells.recurrent_product import RecurrentProduct


@keras.saving.register_keras_serializable(package="zoo")
class LayerNormLSTMCell(LSTMCell):
    """LSTM whose two products and whose output are normalised over the units.

        (i_t, f_t, g_t, o_t) = LN(x_t W) ⊙ α_x + LN(h_{t-1} U) ⊙ α_h + b
        c_t = σ(f_t) ⊙ c_{t-1} + σ(i_t) ⊙ φ(g_t)
        h_t = σ(o_t) ⊙ φ(LN(c_t) ⊙ α_c + β_c)
        LN(a) = (a - mean(a)) / sqrt(variance(a) + ε)

    A product is normalised over all of its `4 units` columns together, c over its `units`. The paper also adds a bias
    after each of the first two normalisations; these could only ever act through their sum with b, so b stands for all
    three.

    Weights: those of `LSTMCell`, then `input_gain` α_x `[4 units]`, `recurrent_gain` α_h `[4 units]`, `cell_gain` α_c
    `[units]` and, with `use_bias`, `cell_bias` β_c `[units]`. Two states, h and c (not normalised), each
    `[batch, units]`.

    Ba, Kiros & Hinton 2016, "Layer Normalization", https://arxiv.org/abs/1607.06450, equations 20 to 22.

    Args:
        units: Width of the states.
        activation: φ; "tanh" by default.
        recurrent_activation: σ; "sigmoid" by default.
        epsilon: ε, added to the variances, as `keras.layers.LayerNormalization`'s. It bounds the gradient that a state
            of zeros, as the first one usually is, receives: that is 1/√ε times the normalised product's.
        gain_initializer: Initializer of the three gains.
        **kwargs: As `LSTMCell`. The regularizer and constraint of the kernel are not applied to the gains.

    Raises:
        ValueError: `epsilon` is not positive.
    """

    # What is added is the normalised product, not the product.
    adds_product = False

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        *,
        epsilon: float = 1e-3,
        gain_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(units, activation, recurrent_activation, **kwargs)
        if not epsilon > 0:
            raise ValueError(f"`epsilon` must be positive, got {epsilon}")
        self.epsilon = float(epsilon)
        self.gain_initializer = keras.initializers.get(gain_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights of `LSTMCell`, then the gains and the bias of the normalisations."""
        super().build(input_shape)
        self.input_gain = self._add_gain("input_gain", 4 * self.units)
        self.recurrent_gain = self._add_gain("recurrent_gain", 4 * self.units)
        self.cell_gain = self._add_gain("cell_gain", self.units)
        self.cell_bias = self._add("cell_bias", (self.units,), role="bias") if self.use_bias else None

    def _add_gain(self, name: str, width: int) -> keras.Variable:
        # A penalty on weights pulls them to zero, and a gain belongs at one: Keras' normalisations have none either.
        return self.add_weight(name=name, shape=(width,), initializer=self.gain_initializer)

    @property
    def recurrent_vectors(self) -> list[tf.Tensor]:
        """α_h, α_c and, with `use_bias`, β_c."""
        vectors = [self.recurrent_gain, self.cell_gain, self.cell_bias]
        return [self._read(vector) for vector in vectors if vector is not None]

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """Multiplies the input by the kernel, normalises the product and adds the bias; see `Cell.project`."""
        projected = self._scale(super().project(inputs)) * self._read(self.input_gain)
        return projected + self._read(self.bias) if self.use_bias else projected

    def _projection(self) -> tuple[tf.Tensor, tf.Tensor | None]:
        return self._read(_centred(self.kernel)), None  # the bias comes after the normalisation

    def recurrent_product(self, dropout_mask: tf.Tensor | None = None) -> RecurrentProduct:
        """See `Cell.recurrent_product`; the kernel is centred, so that every product of it has mean zero."""
        return RecurrentProduct(
            kernels=[self._read(_centred(self.recurrent_kernel))],
            vectors=self.recurrent_vectors,
            dropout_mask=dropout_mask,
        )

    def _scale(self, centred: tf.Tensor) -> tf.Tensor:
        """Divides `[..., width]` of mean zero by its standard deviation."""
        # Squares of half-precision numbers overflow above 256, and ε would be lost in them.
        wide = widened(centred)
        variance = tf.reduce_mean(tf.square(wide), axis=-1, keepdims=True)
        return tf.cast(wide * tf.math.rsqrt(variance + self.epsilon), centred.dtype)

    def step(
        self, projected: tf.Tensor, states: tuple[tf.Tensor, ...], recurrent: RecurrentProduct
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """See `Cell.step`; `projected` is `[batch, 4 units]`, already normalised."""
        h, c = states
        gates = projected + self._scale(recurrent(h)) * recurrent.vector(0)
        i, f, g, o = tf.split(gates, 4, axis=-1)
        c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        seen = self._scale(_centred(c)) * recurrent.vector(1)
        if self.use_bias:
            seen = seen + recurrent.vector(2)
        h = self.recurrent_activation(o) * self.activation(seen)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "gain_initializer": keras.initializers.serialize(self.gain_initializer),
        }


def _centred(tensor: Any) -> tf.Tensor:
    """Subtracts its mean from every row `[..., width]`.

    Done to a kernel, it centres all products with it at once: mean(x W) = x mean(W).
    """
    tensor = tf.convert_to_tensor(tensor)
    mean = tf.reduce_mean(widened(tensor), axis=-1, keepdims=True)
    return tensor - tf.cast(mean, tensor.dtype)
