"""The products of a state with the recurrent weights: the only part of a step that the loop may run its own way."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


class RecurrentProduct:
    """What a cell's `step` calls for every product of a state with a recurrent weight.

    The weights are read, cast and cut into the blocks the cell multiplies by before the loop starts, so that a step costs a
    product and nothing else. Because every such product passes through this object, a loop may keep the states that
    entered it and make the gradient of the recurrent weights as one product after its backward pass.

    Args:
        kernels: One matrix `[units, columns]` for every product the cell makes in a step.
        biases: The bias `[columns]` added to each product, or `None` for a product without one.
        diagonals: The diagonals `[count, units]` of diagonal recurrent matrices (peepholes), or `None`.
        dropout_mask: `[batch, units]`, multiplied into a state before a product with a matrix, or `None`. It is the same at
            every step.
    """

    def __init__(
        self,
        kernels: Sequence[tf.Tensor],
        biases: Sequence[tf.Tensor | None],
        diagonals: tf.Tensor | None = None,
        dropout_mask: tf.Tensor | None = None,
    ) -> None:
        self.kernels = tuple(kernels)
        self.biases = tuple(biases)
        self.diagonals = None if diagonals is None else tuple(tf.unstack(diagonals))
        self.dropout_mask = dropout_mask

    def __call__(self, state: tf.Tensor, product: int = 0) -> tf.Tensor:
        """Multiplies a state by one block of the recurrent kernel, and adds the block's recurrent bias if it has one.

        Args:
            state: `[batch, units]`.
            product: Which of the cell's `recurrent_blocks`.

        Returns:
            `[batch, columns of the block]`.
        """
        if self.dropout_mask is not None:
            state = state * self.dropout_mask
        result = tf.matmul(state, self.kernels[product])
        bias = self.biases[product]
        return result if bias is None else tf.nn.bias_add(result, bias)

    def diagonal(self, state: tf.Tensor, index: int) -> tf.Tensor:
        """Multiplies a state `[batch, units]` by the diagonal matrix number `index`."""
        if self.diagonals is None:
            raise ValueError("this cell has no diagonal recurrent weights; add a variable `peephole_kernel` in its build")
        return state * self.diagonals[index]
