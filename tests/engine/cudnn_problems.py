"""Nets, batches and masks on which cuDNN is held to the layers' loop."""

import numpy as np
import tensorflow as tf

from zoo.cells import ElmanCell, GRUCell, LSTMCell
from zoo.engine import cudnn
from zoo.layers import Bidirectional, Deep, Recurrent

BATCH, TIME, INPUT, UNITS = 5, 6, 3, 4

MASKS = {
    "none": None,
    "full": np.ones((BATCH, TIME), bool),
    "right": np.arange(TIME) < np.array([6, 1, 3, 5, 2])[:, None],
    "left": np.arange(TIME) >= np.array([0, 5, 3, 1, 4])[:, None],
    "holes": np.array([[1, 0, 1, 1, 0, 1], [0, 1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0], [1] * 6], bool),
    "empty rows": np.array([[0] * 6, [1] * 6, [0, 1, 1, 0, 1, 0], [0] * 6, [1, 1, 0, 0, 0, 0]], bool),
    "all empty": np.zeros((BATCH, TIME), bool),
}
CELLS = {
    "lstm": LSTMCell,
    "gru": GRUCell,
    "elman": ElmanCell,
    "irnn": lambda *args, **kwargs: ElmanCell(*args, activation="relu", **kwargs),
    "lstm without bias": lambda *args, **kwargs: LSTMCell(*args, use_bias=False, **kwargs),
    "gru without bias": lambda *args, **kwargs: GRUCell(*args, use_bias=False, **kwargs),
}


def cell_of(name, units=UNITS, **kwargs):
    return CELLS[name](units, bias_initializer="random_normal", **kwargs)


def layer_of(name, *, directions=1, depth=1, **kwargs):
    layer = Recurrent(cell_of(name), return_sequences=True, return_state=True, **kwargs)
    layer = Bidirectional(layer) if directions == 2 else layer
    layer = Deep(layer, depth) if depth > 1 else layer
    layer.build((None, None, INPUT))
    return layer


def stack_of(layer):
    layers = layer.layers if isinstance(layer, Deep) else [layer]
    return [
        [each.forward_layer.cell, each.backward_layer.cell] if isinstance(each, Bidirectional) else [each.cell]
        for each in layers
    ]


def problem(stack, rng, *, batch=BATCH, time=TIME):
    inputs = tf.constant(rng.normal(size=(batch, time, INPUT)), "float32")
    cells = [cell for layer in stack for cell in layer]
    return inputs, [
        tf.constant(rng.normal(size=(batch, cell.units)), "float32") for cell in cells for _ in range(cell.state_count)
    ]


def everything(run, layer, inputs, states):
    """Outputs, last states, and the gradients of a loss over both by inputs, initial states and weights."""
    with tf.GradientTape() as tape:
        tape.watch([inputs, states])
        outputs, last = run(inputs, states)
        values = [outputs, *last]
        loss = tf.add_n(
            [
                tf.reduce_sum(value * tf.reshape(tf.sin(tf.range(tf.size(value), dtype=value.dtype)), value.shape))
                for value in values
            ]
        )
    weights = [variable.value for variable in layer.trainable_variables]
    return values, tape.gradient(loss, [inputs, *states, *weights], unconnected_gradients="zero")


def assert_same(layer, inputs, states, mask, *, atol=2e-5, **kwargs):
    stack = stack_of(layer)

    def by_layer(inputs, states):
        outputs, *last = layer(inputs, initial_state=states, mask=mask)
        return outputs, last

    def by_cudnn(inputs, states):
        return cudnn.run(stack, inputs, states, mask=None if mask is None else tf.constant(mask), **kwargs)

    expected, actual = everything(by_layer, layer, inputs, states), everything(by_cudnn, layer, inputs, states)
    for want, got in zip(expected, actual, strict=True):
        for w, g in zip(want, got, strict=True):
            assert g.shape == w.shape
            np.testing.assert_allclose(g, w, atol=atol)


def tensor_of(mask):
    return None if mask is None else tf.constant(mask)
