from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo.cells import Cell, ElmanCell, GRUCell, LSTMCell
from zoo.config.cells import CellName
from zoo.layers import Recurrent


def test_names_and_get():
    assert zoo.cells.names() == get_args(CellName)  # what a configuration may say
    assert isinstance(zoo.cells.get("gru", 3, reset_after=False), GRUCell)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"unknown cell 'lsmt'; did you mean 'lstm'\? Known cells: elman, "):
        zoo.cells.get("lsmt", 3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"units": 0},
        {"units": 2, "dropout": 1.0},
        {"units": 2, "recurrent_dropout": -0.1},
        {"units": 2, "output_units": 0},
    ],
)
def test_impossible_arguments_are_refused(arguments):
    name, value = list(arguments.items())[-1]
    with pytest.raises(ValueError, match=f"`{name}` must be .*{value}"):
        ElmanCell(**arguments)


def test_a_cell_without_a_step_says_so():
    class Nothing(Cell):
        gates = 1

    with pytest.raises(TypeError, match="Nothing does not define `step"):
        Recurrent(Nothing(2))(np.zeros((1, 2, 3), "float32"))


@pytest.mark.parametrize("run", [Recurrent, keras.layers.RNN])
def test_one_input_dropout_mask_serves_all_steps(run):
    cell = ElmanCell(
        6, activation="linear", kernel_initializer="identity", recurrent_initializer="zeros", dropout=0.5, seed=1
    )
    layer = run(cell, return_sequences=True)
    x = np.ones((4, 5, 6), "float32")
    dropped = layer(x, training=True).numpy()
    assert set(np.unique(dropped)) == {0.0, 2.0}
    np.testing.assert_array_equal(dropped, np.repeat(dropped[:, :1], 5, axis=1))
    assert not np.array_equal(dropped, layer(x, training=True))  # another batch, another mask
    np.testing.assert_array_equal(layer(x, training=False), x)


@pytest.mark.parametrize("run", [Recurrent, keras.layers.RNN])
def test_one_recurrent_dropout_mask_serves_all_steps(run):
    cell = ElmanCell(
        6,
        activation="linear",
        kernel_initializer="zeros",
        recurrent_initializer="identity",
        recurrent_dropout=0.5,
        seed=1,
    )
    layer = run(cell, return_sequences=True)
    x, h = np.ones((4, 3, 6), "float32"), np.ones((4, 6), "float32")
    dropped = layer(x, initial_state=[h], training=True).numpy()
    np.testing.assert_array_equal(dropped[:, 1], dropped[:, 0] ** 2)
    assert set(np.unique(dropped[:, 0])) == {0.0, 2.0}
    np.testing.assert_array_equal(layer(x, initial_state=[h], training=False), np.ones((4, 3, 6)))


def test_regularizers_and_constraints_act_on_their_weights():
    cell = LSTMCell(
        3, kernel_regularizer="l2", recurrent_regularizer="l2", bias_regularizer="l1", kernel_constraint="non_neg"
    )
    layer = Recurrent(cell)
    layer.build((None, None, 2))
    kernel, recurrent, bias = layer.get_weights()
    expected = [0.01 * np.sum(kernel**2), 0.01 * np.sum(recurrent**2), 0.01 * np.sum(np.abs(bias))]
    np.testing.assert_allclose(sorted(layer.losses), sorted(expected), rtol=1e-5)
    assert cell.kernel.constraint is not None
    assert cell.recurrent_kernel.constraint is None


def test_cell_of_another_precision_than_its_layer():
    layer = Recurrent(LSTMCell(3, dtype="mixed_bfloat16"), return_sequences=True, dtype="float32")
    assert layer(np.zeros((1, 2, 3), "float32")).dtype == tf.float32
