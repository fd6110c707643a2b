"""What stands for a cell's recurrent products while the compiled loops are traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from zoo.cells import RecurrentProduct


class Weights(NamedTuple):
    """What a step multiplies by: kernels `[rows, columns]`, vectors `[width]`, and dropout's mask of h or `None`."""

    kernels: tuple[tf.Tensor, ...]
    vectors: tuple[tf.Tensor, ...]
    dropout_mask: tf.Tensor | None


class Noting(RecurrentProduct):
    """Makes the products and keeps them."""

    def __init__(self, weights: Weights) -> None:
        """Has made none yet."""
        super().__init__(weights.kernels, weights.vectors, weights.dropout_mask)
        self.products: dict[int, tf.Tensor] = {}
        self.operands: dict[int, tf.Tensor] = {}

    def __call__(self, state: tf.Tensor, product: int = 0) -> tf.Tensor:
        """See `RecurrentProduct`."""
        if self.dropout_mask is not None:
            state = state * self.dropout_mask
        self.operands[product] = state
        self.products[product] = tf.matmul(state, self.kernels[product])
        return self.products[product]


class Replaying(RecurrentProduct):
    """Gives products that were made before; their gradient goes on to what was multiplied.

    A product that is not there was added to the projected input already: it is zero, with the gradient of a product.

    Args:
        weights: The recurrent weights, the kernels transposed.
        products: The products by number.
    """

    def __init__(self, weights: Weights, products: dict[int, tf.Tensor]) -> None:
        """Keeps the products."""
        super().__init__(weights.kernels, weights.vectors, weights.dropout_mask)
        self.products = products

    def __call__(self, state: tf.Tensor, product: int = 0) -> tf.Tensor:
        """See `RecurrentProduct`."""
        transposed = self.kernels[product]
        known = self.products.get(product)
        if self.dropout_mask is not None:
            state = state * self.dropout_mask

        @tf.custom_gradient
        def replayed(state: tf.Tensor, known: tf.Tensor) -> tuple[tf.Tensor, Callable]:
            def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                return tf.matmul(upstream, transposed), upstream

            return tf.identity(known), gradient

        if known is None:
            known = tf.zeros(tf.stack([tf.shape(state)[0], transposed.shape[0]]), state.dtype)
        return replayed(state, known)
