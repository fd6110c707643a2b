"""The base of the cells whose recurrence is linear in their state, so that all steps can be made in parallel."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.cells.gated_cell import GatedCell
from zoo.cells.precision import widened
from zoo.cells.recurrent_product import RecurrentProduct

_OF_THE_RECURRENT_KERNEL = ("recurrent_initializer", "recurrent_regularizer", "recurrent_constraint")


class ParallelCell(GatedCell):
    """A cell that only scales its state and adds to it, by amounts that depend on the input alone.

        h_t = decay_t ⊙ h_{t-1} + addition_t

    A subclass says how many blocks of `units` columns its kernel has (`gates`) and writes `recurrence`. One step
    follows from that; so do all steps at once, since a chain of such steps is one of them: `zoo.engine.scan`. There is
    no recurrent kernel, hence nothing to initialise, to regularise, to constrain, or to drop entries of h from. One
    state h `[batch, units]`.

    In half precision the gates are computed, and a scan is made, in float32: bfloat16 has no number between 0.996 and
    1, so a slow decay would be none at all.

    Args:
        units: Width of the state.
        activation: The activation of the candidate; "linear" by default.
        recurrent_activation: The activation of the gates; "sigmoid" by default.
        **kwargs: As `Cell`, but for the recurrent initializer, regularizer and constraint, and the recurrent dropout.

    Raises:
        ValueError: An argument that needs a recurrent kernel.
    """

    def __init__(
        self, units: int, activation: Any = "linear", recurrent_activation: Any = "sigmoid", **kwargs: Any
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        for name in (*_OF_THE_RECURRENT_KERNEL, "recurrent_dropout"):
            if kwargs.get(name):  # a rate of 0 asks for nothing
                raise ValueError(
                    f"{type(self).__name__} takes no `{name}` (got {kwargs[name]!r}), for no product is made of its "
                    "state; what acts on the input are `kernel_initializer`, `kernel_regularizer`, "
                    "`kernel_constraint` and `dropout`"
                )
        super().__init__(units, activation, recurrent_activation, **kwargs)

    @property
    def recurrent_blocks(self) -> tuple[tuple[int, int], ...]:
        """None: a step makes no product."""
        return ()

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights in the order of `Cell.build`, without a recurrent kernel."""
        self.kernel = self._add("kernel", (input_shape[-1], self.gates * self.units), role="kernel")
        self.bias = self._add("bias", self.bias_shape, role="bias") if self.use_bias else None
        self._build_output()

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """See `Cell.project`; the result is float32 at least."""
        return widened(super().project(inputs))

    def recurrent_product(self, dropout_mask: tf.Tensor | None = None) -> RecurrentProduct:
        """Returns what has nothing to multiply by."""
        del dropout_mask
        return RecurrentProduct(())

    def recurrence(self, projected: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Says what becomes of the state, at one step or at all; every cell writes its own, and reads no variable.

        Args:
            projected: `[..., gates * units]`, from `project`.

        Returns:
            decay and addition, each `[..., units]`, in the precision of `projected`.
        """
        raise TypeError(f"{type(self).__name__} does not define `recurrence(projected)`")

    def step(
        self, projected: tf.Tensor, states: tuple[tf.Tensor, ...], recurrent: RecurrentProduct
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """See `Cell.step`; `projected` is `[batch, gates * units]`."""
        del recurrent
        (h,) = states
        decay, addition = self.recurrence(projected)
        h = tf.cast(decay * tf.cast(h, decay.dtype) + addition, h.dtype)
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        config = super().get_config()
        return {name: value for name, value in config.items() if name not in _OF_THE_RECURRENT_KERNEL}


@keras.saving.register_keras_serializable(package="zoo")
def positive(x: tf.Tensor) -> tf.Tensor:
    """The activation g of Feng et al. (2024): x + 1/2 where x ≥ 0, else sigmoid(x). Positive, monotonous, and smooth.

    Args:
        x: Any shape.

    Returns:
        The same shape, above 0.
    """
    return tf.where(x >= 0, x + 0.5, tf.sigmoid(x))
