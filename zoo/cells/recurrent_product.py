"""The products of a state with the recurrent weights: the only part of a step that the loop may run its own way."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


class RecurrentProduct:
    """What a cell's `step` calls for every product of a state with a recurrent weight.

    The weights are read, cast and cut into the blocks the cell multiplies by before the loop starts, so that a step
    costs a product and nothing else. Because every such product passes through this object, a loop may put its own in
    the place: it keeps what was multiplied, and makes the gradient of the recurrent weights as one product after its
    backward pass.

    Args:
        kernels: One matrix `[units, columns]` for every product the cell makes in a step.
        vectors: Further trained `[width]` vectors that a step uses: diagonals of recurrent matrices (peepholes), gains.
        dropout_mask: `[batch, units]`, multiplied into a state before a product with a matrix, or `None`; the same at
            every step.
    """

    def __init__(
        self,
        kernels: Sequence[tf.Tensor],
        vectors: Sequence[tf.Tensor] = (),
        dropout_mask: tf.Tensor | None = None,
    ) -> None:
        """Keeps the tensors."""
        self.kernels = tuple(kernels)
        self.vectors = tuple(vectors)
        self.dropout_mask = dropout_mask

    def __call__(self, state: tf.Tensor, product: int = 0) -> tf.Tensor:
        """Multiplies a state by one block of the recurrent kernel.

        Args:
            state: `[batch, units]`.
            product: Which of the cell's `recurrent_blocks`.

        Returns:
            `[batch, columns of the block]`.
        """
        if self.dropout_mask is not None:
            state = state * self.dropout_mask
        return tf.matmul(state, self.kernels[product])

    def vector(self, index: int) -> tf.Tensor:
        """Returns vector number `index` of the cell's `recurrent_vectors`, `[width]`."""
        if index >= len(self.vectors):
            raise ValueError(
                f"this cell has {len(self.vectors)} recurrent vectors, and its step asks for number {index}; "
                "list them in the cell's `recurrent_vectors`"
            )
        return self.vectors[index]

    def diagonal(self, state: tf.Tensor, index: int) -> tf.Tensor:
        """Multiplies a state `[batch, units]` by the diagonal matrix whose diagonal is vector number `index`."""
        return state * self.vector(index)
