import keras
import numpy as np
import tensorflow as tf

import zoo.cells
from zoo.cells import ElmanCell
from zoo.layers import Recurrent


def test_gradients_are_the_sums_of_back_propagation_through_time():
    """dL/dθ = Σ_t Σ_{k≤t} dL_t/dh_t (Π_{j=k+1..t} dh_j/dh_{j-1}) ∂h_k/∂θ, written out (Werbos 1990)."""
    rng = np.random.default_rng(0)
    time, inputs, units = 5, 3, 4
    layer = Recurrent(ElmanCell(units, dtype="float64"), return_sequences=True, dtype="float64")
    x = rng.normal(size=(1, time, inputs))
    layer.build(x.shape)
    w, u, b = (rng.normal(size=weight.shape) for weight in layer.weights)
    layer.set_weights([w, u, b])
    loss_gradient = rng.normal(size=(time, units))  # dL_t/dh_t of the loss Σ_t g_t · h_t

    h = [np.zeros(units)]
    for t in range(time):
        h.append(np.tanh(x[0, t] @ w + h[t] @ u + b))
    d_w, d_u, d_b = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    for t in range(1, time + 1):
        for k in range(1, t + 1):
            row = loss_gradient[t - 1]
            for j in range(t, k, -1):
                row = (row * (1 - h[j] ** 2)) @ u.T
            row = row * (1 - h[k] ** 2)
            d_w += np.outer(x[0, k - 1], row)
            d_u += np.outer(h[k - 1], row)
            d_b += row

    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x)[0] * loss_gradient)
    for gradient, expected in zip(tape.gradient(loss, layer.trainable_variables), (d_w, d_u, d_b), strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)


def test_irnn_starts_as_an_accumulator():
    cell = zoo.cells.get("irnn", 3, kernel_initializer="identity")
    layer = Recurrent(cell, return_sequences=True)
    x = np.abs(np.random.default_rng(0).normal(size=(2, 6, 3))).astype("float32")
    np.testing.assert_allclose(layer(x), np.cumsum(x, axis=1), rtol=1e-5)
    assert cell.activation is keras.activations.relu
