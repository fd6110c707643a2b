"""Bridges: what makes a decoder's first states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

States = list[tf.Tensor]


class Bridge(keras.layers.Layer):
    """The base of the bridges: a layer that returns first states, each `[batch, size]`, the lowest layer's first.

    Args:
        state_sizes: Width of every state: `Decoder.state_sizes`.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: No state, or one of no width.
    """

    def __init__(self, state_sizes: Sequence[int], **kwargs: Any) -> None:
        """Stores the sizes."""
        super().__init__(**kwargs)
        self.state_sizes = [int(size) for size in state_sizes]
        if not self.state_sizes or min(self.state_sizes) < 1:
            raise ValueError(f"`state_sizes` must be one positive width a state, got {list(state_sizes)}")

    def _cut(self, joined: tf.Tensor) -> States:
        return tf.split(joined, self.state_sizes, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {**super().get_config(), "state_sizes": self.state_sizes}


@keras.saving.register_keras_serializable(package="zoo")
class ZeroBridge(Bridge):
    """First states of zeros, for as many rows as its input `[batch, ...]` has."""

    def call(self, inputs: tf.Tensor) -> States:
        """Returns the states."""
        return [tf.zeros([tf.shape(inputs)[0], size], self.compute_dtype) for size in self.state_sizes]


@keras.saving.register_keras_serializable(package="zoo")
class DenseBridge(Bridge):
    """First states projected from a vector: an image's, a context's, or an encoder's last states.

        s = g(x W + b), one s for every state

    Input: float `[batch, dim]`, or a list of such, which are joined. Sutskever, Vinyals & Le 2014 hand states over as
    they are, which needs no layer; Cho et al. 2014 (appendix A.1.2) and Xu et al. 2015, "Show, Attend and Tell"
    (section 3.1.2), project them.

    Args:
        state_sizes: As `Bridge`.
        activation: g; "tanh" keeps first states within the range of a recurrence's outputs.
        kernel_initializer: Initializer of W.
        **kwargs: As `Bridge`.
    """

    def __init__(
        self,
        state_sizes: Sequence[int],
        activation: Any = "tanh",
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(state_sizes, **kwargs)
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.dense = keras.layers.Dense(
            sum(self.state_sizes), self.activation, kernel_initializer=self.kernel_initializer, dtype=self.dtype_policy
        )

    def build(self, vectors_shape: Any) -> None:
        """Makes the weights."""
        several = isinstance(vectors_shape[0], (list, tuple))
        self.dense.build((None, sum(shape[-1] for shape in (vectors_shape if several else [vectors_shape]))))

    def call(self, vectors: tf.Tensor | Sequence[tf.Tensor]) -> States:
        """Returns the states."""
        if isinstance(vectors, (list, tuple)):
            vectors = tf.concat([tf.cast(vector, self.compute_dtype) for vector in vectors], axis=-1)
        return self._cut(self.dense(vectors))

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


@keras.saving.register_keras_serializable(package="zoo")
class LabelBridge(Bridge):
    """First states that are a label's embedding: one input, a sequence out.

    Input: int `[batch]`.

    Args:
        num_labels: Distinct labels.
        state_sizes: As `Bridge`.
        embeddings_initializer: Initializer of the embeddings.
        **kwargs: As `Bridge`.

    Raises:
        ValueError: Fewer than one label.
    """

    def __init__(
        self, num_labels: int, state_sizes: Sequence[int], embeddings_initializer: Any = "uniform", **kwargs: Any
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(state_sizes, **kwargs)
        if num_labels < 1:
            raise ValueError(f"`num_labels` must be at least 1, got {num_labels}")
        self.num_labels = num_labels
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.embedding = keras.layers.Embedding(
            num_labels, sum(self.state_sizes), self.embeddings_initializer, dtype=self.dtype_policy
        )

    def build(self, labels_shape: Any) -> None:
        """Makes the weights."""
        self.embedding.build(labels_shape)

    def call(self, labels: tf.Tensor) -> States:
        """Returns the states."""
        return self._cut(self.embedding(labels))

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {
            **super().get_config(),
            "num_labels": self.num_labels,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
        }
