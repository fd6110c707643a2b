"""The weights of a stack of cells as cuDNN reads them: one vector."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.cells import Cell, ElmanCell, GRUCell, LSTMCell

# Layers from the lowest up, each one cell or two: forward, or forward and backward.
Stack = Sequence[Sequence[Cell]]

# In which order cuDNN has a cell's gates: Keras' GRU has the update gate first, cuDNN's the reset gate.
_GATE_ORDER = {LSTMCell: (0, 1, 2, 3), GRUCell: (1, 0, 2), ElmanCell: (0,)}


def pack(stack: Stack, dtype: str) -> tf.Tensor:
    """Lays the weights of a stack out as cuDNN reads them.

    All matrices come first, then all biases; both by layer, in a layer the forward cell first, in a cell the input's
    before the recurrent ones, each `[units, input]` gate by gate. cuDNN always adds two biases.

    Args:
        stack: Layers from the lowest up, each one built cell or two: forward, or forward and backward.
        dtype: Type of the result.

    Returns:
        All weights in one vector.
    """
    matrices, biases = [], []
    for cell in (cell for layer in stack for cell in layer):
        order = _GATE_ORDER[type(cell)]
        kernels = (cell.kernel, cell.recurrent_kernel)
        matrices.extend(_gates(tf.transpose(_read(kernel, dtype)), order) for kernel in kernels)
        bias = _read(cell.bias, dtype) if cell.use_bias else tf.zeros([len(order) * cell.units], dtype)
        both = tf.unstack(bias) if bias.shape.rank == 2 else (bias, tf.zeros_like(bias))
        biases.extend(_gates(each, order) for each in both)
    return tf.concat([*matrices, *biases], axis=0)


def _gates(weights: tf.Tensor, order: tuple[int, ...]) -> tf.Tensor:
    """Puts the gates, blocks along the first axis, in another order, and flattens the result."""
    if order != tuple(range(len(order))):
        gates = tf.split(weights, len(order))
        weights = tf.concat([gates[gate] for gate in order], axis=0)
    return tf.reshape(weights, [-1])


def _read(variable: keras.Variable, dtype: str) -> tf.Tensor:
    return tf.cast(tf.convert_to_tensor(variable), dtype)
