"""What is found out about a cell: which products a step makes, and with whom it may share compilations."""

import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo.cells import ElmanCell, GRUCell
from zoo.engine import paths
from zoo.engine.equation import NotCompilable, operands, signature
from zoo.layers import Recurrent


class Twice(ElmanCell):
    def step(self, projected, states, recurrent):
        h = self.activation(projected + recurrent(states[0]) + recurrent(2 * states[0]))
        return h, [h]


class Never(ElmanCell):
    def step(self, projected, states, recurrent):
        h = self.activation(projected + states[0])
        return h, [h]


class Secretive(ElmanCell):
    """Keeps an argument from `get_config`."""

    adds_product = False

    def __init__(self, units, factor=1.0, **kwargs):
        super().__init__(units, **kwargs)
        self.factor = factor

    def step(self, projected, states, recurrent):
        h = self.activation(projected + self.factor * recurrent(states[0]))
        return h, [h]


class Swallowing(Secretive):
    """Takes an argument by another's name, and tells it to nobody."""

    def __init__(self, units, **kwargs):
        super().__init__(units, kwargs.pop("factor", 1.0), **kwargs)


class Deciding(ElmanCell):
    """Looks at values."""

    def step(self, projected, states, recurrent):
        h = self.activation(projected + recurrent(states[0]))
        return h, [h * 0.5 if tf.reduce_sum(h) > 0 else h]


class Widening(ElmanCell):
    """Returns another dtype than it takes."""

    def step(self, projected, states, recurrent):
        h = self.activation(projected + recurrent(states[0]))
        return h, [tf.cast(h, "float64")]


def built(cell):
    cell.build((None, 2))
    return cell


def test_which_state_enters_which_product():
    assert operands(built(GRUCell(3)), 9) == (0,)
    assert operands(built(GRUCell(3, reset_after=False)), 9) == (0, None)
    assert operands(built(zoo.cells.get("lstm", 3)), 12) == (0,)


@pytest.mark.parametrize(("cell_class", "reason"), [(Twice, "product 0 twice"), (Never, "exactly once")])
def test_each_product_is_made_once(cell_class, reason):
    with pytest.raises(NotCompilable, match=reason):
        operands(built(cell_class(3)), 3)


def test_what_does_not_change_a_step_is_shared_and_what_does_is_not():
    same = [ElmanCell(3), ElmanCell(3, name="other", dropout=0.5, seed=1, bias_initializer="ones", output_units=2)]
    assert signature(same[0]) == signature(same[1])
    others = [ElmanCell(4), ElmanCell(3, "relu"), ElmanCell(3, dtype="float64"), ElmanCell(3, use_bias=False), Twice(3)]
    assert len({signature(cell) for cell in (same[0], *others)}) == 6


@pytest.mark.parametrize(
    ("cell_class", "reason"),
    [(Deciding, "asks for a tensor's value"), (Widening, "takes states of float32 and returns")],
)
def test_a_step_that_cannot_be_compiled_says_why(cell_class, reason):
    with pytest.raises(NotCompilable, match=reason):
        operands(built(cell_class(3)), 3)


def test_a_step_that_looks_at_values_runs_outside_a_graph():
    layer, x = Recurrent(Deciding(3), return_sequences=True), np.ones([2, 5, 2], "float32")
    with paths.compiled():
        fast = layer(x)
    with paths.plain():
        np.testing.assert_allclose(fast, layer(x), atol=1e-6)


@pytest.mark.parametrize("cell_class", [Secretive, Swallowing])
def test_a_cell_that_does_not_tell_all_its_arguments_shares_with_none(cell_class):
    x = np.random.default_rng(0).normal(size=(2, 3, 2)).astype("float32")
    fixed = {"kernel_initializer": "ones", "recurrent_initializer": "identity"}
    layers = [Recurrent(cell_class(3, factor=factor, **fixed)) for factor in (1.0, 3.0)]
    for layer in layers:
        with paths.compiled():
            fast = layer(x)
        with paths.plain():
            np.testing.assert_allclose(fast, layer(x), atol=1e-6)
    assert signature(layers[0].cell) == signature(layers[0].cell) != signature(layers[1].cell)
    assert not np.allclose(*(layer(tf.constant(x)) for layer in layers))
