"""What cuDNN does not run, and why."""

import keras
import pytest
import tensorflow as tf

from zoo.cells import ElmanCell, GRUCell, LSTMCell, PeepholeLSTMCell
from zoo.engine import cudnn


@pytest.fixture
def gpu(monkeypatch):
    """A GPU, as far as the question goes whether there is one."""
    monkeypatch.setattr(cudnn, "_refusal_of_surroundings", lambda: None)


@pytest.mark.parametrize(
    ("cell", "training", "reason"),
    [
        (LSTMCell(2), True, None),
        (GRUCell(2), True, None),
        (ElmanCell(2, "relu"), True, None),
        (LSTMCell(2, keras.ops.tanh, tf.sigmoid), True, None),
        (PeepholeLSTMCell(2), True, "PeepholeLSTMCell is none"),
        (LSTMCell(2, "relu"), True, "activations"),
        (LSTMCell(2, recurrent_activation="hard_sigmoid"), True, "activations"),
        (ElmanCell(2, "sigmoid"), True, "activations"),
        (GRUCell(2, reset_after=False), True, "reset"),
        (GRUCell(2, update_gate="renew"), True, "update"),
        (LSTMCell(2, recurrent_dropout=0.1), True, "recurrent_dropout"),
        (LSTMCell(2, recurrent_dropout=0.1), False, None),
        (keras.layers.LSTMCell(2), False, "LSTMCell is none"),
    ],
)
def test_refuses_what_cudnn_does_not_compute(gpu, cell, training, reason):
    answer = cudnn.refusal(cell, training=training)
    assert answer is None if reason is None else reason in answer


@pytest.mark.parametrize(
    ("stack", "training", "reason"),
    [
        ([[LSTMCell(2), LSTMCell(2)], [LSTMCell(2), LSTMCell(2)]], True, None),
        ([[LSTMCell(2), LSTMCell(2)], [LSTMCell(2)]], True, "direction"),
        ([[LSTMCell(2)], [LSTMCell(3)]], True, "differ"),
        ([[LSTMCell(2), GRUCell(2)]], True, "differ"),
        ([[ElmanCell(2), ElmanCell(2, "relu")]], True, "differ"),
        ([[LSTMCell(2)], [LSTMCell(2, dtype="float64")]], True, "differ"),
        ([[LSTMCell(2, dropout=0.1)]], True, None),
        ([[LSTMCell(2, dropout=0.1), LSTMCell(2, dropout=0.1)]], True, "dropout"),
        ([[LSTMCell(2, dropout=0.1), LSTMCell(2, dropout=0.1)]], False, None),
        ([[LSTMCell(2, output_units=2)], [LSTMCell(2)]], True, "projection"),
        ([[LSTMCell(2)], [LSTMCell(2, output_units=2)]], True, None),
        ([[LSTMCell(2)], [PeepholeLSTMCell(2)]], True, "Peephole"),
    ],
)
def test_refuses_stacks_that_are_not_one(gpu, stack, training, reason):
    answer = cudnn.stack_refusal(stack, training=training)
    assert answer is None if reason is None else reason in answer


def test_refuses_without_gpu_and_inside_xla(monkeypatch):
    monkeypatch.setattr(cudnn.tf.config, "list_logical_devices", lambda kind: [])
    assert "GPU" in cudnn.refusal(LSTMCell(2))
    monkeypatch.setattr(cudnn.tf.config, "list_logical_devices", lambda kind: ["GPU:0"])
    monkeypatch.setattr(cudnn.tf.sysconfig, "get_build_info", lambda: {"is_cuda_build": True})
    cell, answers = LSTMCell(2), {}

    def ask(x, compiled):
        answers[compiled] = cudnn.refusal(cell)
        return x

    for compiled in (True, False):
        tf.function(ask, jit_compile=compiled, autograph=False).get_concrete_function(tf.zeros(1), compiled)
    assert "XLA" in answers[True]
    assert answers[False] is None
