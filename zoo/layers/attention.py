"""Additive attention: where to look, given what has been written so far."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class BahdanauAttention(keras.layers.Layer):
    """A weighted mean of a memory, whose weights depend on a query.

        e_i = v · tanh(a_i W + q U + b)
        α   = softmax(e)
        z   = β Σ_i α_i a_i,    β = σ(q u + c) with `gate`, else 1

    Bahdanau, Cho & Bengio 2015, "Neural Machine Translation by Jointly Learning to Align and Translate" (section 3.1
    and appendix A.1.2); over the places of an image: Xu et al. 2015, "Show, Attend and Tell" (equations 4 to 6; the
    expectation and β of "soft" attention: section 4.2).

    a_i W + b depends on the memory alone: `over` makes it once, for all queries to come.

    Call arguments:
        query: `[rows, query_dim]`, where rows is a multiple of the memory's batch: several queries of one memory (the
            captions of an image, the hypotheses of a beam) lie side by side, and the memory is not repeated for them.
        memory: `[batch, positions, dim]`.
        memory_mask: `[batch, positions]`, True at real positions; None if all are. Where none is, z and α are zero.

    Returns (of a call):
        z `[rows, dim]`, and α `[rows, positions]` in float32.

    Args:
        units: Width of the hidden layer, the length of v.
        gate: Whether there is β, by which the query says how much of the memory it needs at all.
        kernel_initializer: Initializer of W, U, u and v.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: Fewer than one unit.
    """

    def __init__(
        self, units: int, *, gate: bool = False, kernel_initializer: Any = "glorot_uniform", **kwargs: Any
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"`units` must be at least 1, got {units}")
        self.units = units
        self.gate = gate
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, query_shape: Any, memory_shape: Any) -> None:
        """Makes the weights W, b, U, v and, with `gate`, u and c."""
        width = query_shape[-1]
        self.memory_kernel = self._kernel("memory_kernel", memory_shape[-1], self.units)
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        self.query_kernel = self._kernel("query_kernel", width, self.units)
        self.score_kernel = self._kernel("score_kernel", self.units, 1)
        self.gate_kernel = self.gate_bias = None
        if self.gate:
            self.gate_kernel = self._kernel("gate_kernel", width, 1)
            self.gate_bias = self.add_weight(name="gate_bias", shape=(1,), initializer="zeros")

    def _kernel(self, name: str, rows: int, columns: int) -> keras.Variable:
        return self.add_weight(name=name, shape=(rows, columns), initializer=self.kernel_initializer)

    def call(
        self, query: tf.Tensor, memory: tf.Tensor, memory_mask: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Looks once; see the class for shapes."""
        return self.over(memory, memory_mask)(query)

    def over(self, memory: tf.Tensor, memory_mask: tf.Tensor | None = None) -> AttentionStep:
        """Returns `look(query) -> (z, α)` for a loop: the weights are read, and a W + b is computed, once before."""
        return AttentionStep(self, memory, memory_mask)

    def compute_mask(self, *inputs: Any, **masks: Any) -> tuple[None, None]:
        """Returns None twice: neither result has positions in time."""
        return None, None

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {
            **super().get_config(),
            "units": self.units,
            "gate": self.gate,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


class AttentionStep:
    """The pure function `look(query) -> (z, α)` over one memory.

    Args:
        attention: A built layer.
        memory: `[batch, positions, dim]`.
        memory_mask: `[batch, positions]`, or None.
    """

    def __init__(self, attention: BahdanauAttention, memory: tf.Tensor, memory_mask: tf.Tensor | None = None) -> None:
        """Reads the weights and makes the keys, `[batch, positions, units]`."""

        def read(variable: keras.Variable | None) -> tf.Tensor | None:
            # Outside a call of the layer nothing else casts it.
            return None if variable is None else tf.cast(tf.convert_to_tensor(variable), attention.compute_dtype)

        self._memory = tf.cast(memory, attention.compute_dtype)
        self._mask = None if memory_mask is None else tf.cast(memory_mask, tf.bool)[:, tf.newaxis]
        self._query_kernel, self._score_kernel = read(attention.query_kernel), read(attention.score_kernel)
        self._gate_kernel, self._gate_bias = read(attention.gate_kernel), read(attention.gate_bias)
        self._batch, self._positions, width = tf.unstack(tf.shape(memory))
        # One product for all positions: of rank 3 by rank 2 it would be a batched one, which is slower.
        keys = tf.matmul(tf.reshape(self._memory, [-1, width]), read(attention.memory_kernel))
        keys = tf.nn.bias_add(keys, read(attention.bias))
        self._keys = tf.reshape(keys, [self._batch, 1, self._positions, attention.units])

    def __call__(self, query: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Looks once.

        Args:
            query: `[rows, query_dim]`.

        Returns:
            z `[rows, dim]`, and α `[rows, positions]` in float32.
        """
        rows, dtype = query.shape[0], self._keys.dtype
        query = tf.cast(query, dtype)
        units = self._keys.shape[-1]
        queries = tf.reshape(tf.matmul(query, self._query_kernel), [self._batch, -1, 1, units])
        hidden = tf.reshape(tf.tanh(self._keys + queries), [-1, units])
        scores = tf.reshape(tf.matmul(hidden, self._score_kernel), [self._batch, -1, self._positions])
        weights = self._softmax(tf.cast(scores, tf.float32))
        context = tf.reshape(tf.matmul(tf.cast(weights, dtype), self._memory), [-1, self._memory.shape[-1]])
        if self._gate_kernel is not None:
            context *= tf.sigmoid(tf.nn.bias_add(tf.matmul(query, self._gate_kernel), self._gate_bias))
        weights = tf.reshape(weights, [-1, self._positions])
        return (
            tf.ensure_shape(context, [rows, self._memory.shape[-1]]),
            tf.ensure_shape(weights, [rows, self._memory.shape[1]]),
        )

    def _softmax(self, scores: tf.Tensor) -> tf.Tensor:
        """Returns the softmax over real positions of `[batch, queries, positions]`."""
        if self._mask is None:
            return tf.nn.softmax(scores)
        scores = tf.where(self._mask, scores, scores.dtype.min)
        weights = tf.where(self._mask, tf.exp(scores - tf.reduce_max(scores, axis=-1, keepdims=True)), 0.0)
        return tf.math.divide_no_nan(weights, tf.reduce_sum(weights, axis=-1, keepdims=True))
