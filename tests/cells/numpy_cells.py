"""The equations once more, in plain NumPy: `step(weights, x, states, **options) -> (output, states)`.

`weights` are a cell's weights by name, all float64; `x` is `[batch, input]`, every state `[batch, units]`.
"""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def relu(a):
    return np.maximum(a, 0)


def elman(w, x, states, activation=np.tanh):
    (h,) = states
    h = activation(x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"])
    return h, [h]


def irnn(w, x, states):
    return elman(w, x, states, activation=relu)


def _update(update_gate, z, h, candidate):
    return z * h + (1 - z) * candidate if update_gate == "keep" else (1 - z) * h + z * candidate


def simplified_gru(w, x, states, update_gate="keep"):
    (h,) = states
    w_z, w_c = np.split(w["kernel"], 2, axis=1)
    u_z, u_c = np.split(w["recurrent_kernel"], 2, axis=1)
    b_z, b_c = np.split(w["bias"], 2)
    z = sigmoid(x @ w_z + h @ u_z + b_z)
    h = _update(update_gate, z, h, np.tanh(x @ w_c + h @ u_c + b_c))
    return h, [h]


def gru(w, x, states, reset_after=True, update_gate="keep"):
    (h,) = states
    w_z, w_r, w_c = np.split(w["kernel"], 3, axis=1)
    u_z, u_r, u_c = np.split(w["recurrent_kernel"], 3, axis=1)
    input_bias, recurrent_bias = w["bias"] if reset_after else (w["bias"], np.zeros_like(w["bias"]))
    b_z, b_r, b_c = np.split(input_bias, 3)
    d_z, d_r, d_c = np.split(recurrent_bias, 3)
    z = sigmoid(x @ w_z + b_z + h @ u_z + d_z)
    r = sigmoid(x @ w_r + b_r + h @ u_r + d_r)
    past = r * (h @ u_c + d_c) if reset_after else (r * h) @ u_c
    h = _update(update_gate, z, h, np.tanh(x @ w_c + b_c + past))
    return h, [h]


def lstm(w, x, states, peepholes=None, output_peephole="current"):
    h, c = states
    p_i, p_f, p_o = np.zeros((3, h.shape[1])) if peepholes is None else peepholes
    w_i, w_f, w_g, w_o = np.split(w["kernel"], 4, axis=1)
    u_i, u_f, u_g, u_o = np.split(w["recurrent_kernel"], 4, axis=1)
    b_i, b_f, b_g, b_o = np.split(w["bias"], 4)
    i = sigmoid(x @ w_i + h @ u_i + p_i * c + b_i)
    f = sigmoid(x @ w_f + h @ u_f + p_f * c + b_f)
    g = np.tanh(x @ w_g + h @ u_g + b_g)
    new_c = f * c + i * g
    o = sigmoid(x @ w_o + h @ u_o + p_o * (new_c if output_peephole == "current" else c) + b_o)
    h = o * np.tanh(new_c)
    return h, [h, new_c]


def peephole_lstm(w, x, states, output_peephole="current"):
    return lstm(w, x, states, peepholes=w["peephole_kernel"], output_peephole=output_peephole)


def layer_norm_lstm(w, x, states, epsilon=1e-3):
    def normalised(a):
        return (a - a.mean(axis=-1, keepdims=True)) / np.sqrt(a.var(axis=-1, keepdims=True) + epsilon)

    h, c = states
    gates = normalised(x @ w["kernel"]) * w["input_gain"] + normalised(h @ w["recurrent_kernel"]) * w["recurrent_gain"]
    i, f, g, o = np.split(gates + w["bias"], 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(normalised(c) * w["cell_gain"] + w["cell_bias"])
    return h, [h, c]


def min_gru(w, x, states, activation=lambda a: a):
    (h,) = states
    w_z, w_c = np.split(w["kernel"], 2, axis=1)
    b_z, b_c = np.split(w["bias"], 2)
    z = sigmoid(x @ w_z + b_z)
    h = (1 - z) * h + z * activation(x @ w_c + b_c)
    return h, [h]


def min_lstm(w, x, states, activation=lambda a: a):
    (h,) = states
    w_f, w_i, w_c = np.split(w["kernel"], 3, axis=1)
    b_f, b_i, b_c = np.split(w["bias"], 3)
    f, i = sigmoid(x @ w_f + b_f), sigmoid(x @ w_i + b_i)
    h = f / (f + i) * h + i / (f + i) * activation(x @ w_c + b_c)
    return h, [h]


def run(step, w, x, states, **options):
    """Runs a step over `x` `[batch, time, input]`; returns the outputs `[batch, time, units]` and the last states."""
    outputs = []
    for t in range(x.shape[1]):
        output, states = step(w, x[:, t], states, **options)
        outputs.append(output)
    return np.stack(outputs, axis=1), states
