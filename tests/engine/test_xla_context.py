"""What is chosen where a TPU runs the step, with a strategy that only says that it is one."""

import pytest
import tensorflow as tf

from zoo.cells import LSTMCell
from zoo.engine import paths, xla_context
from zoo.engine.schedule import Schedule
from zoo.layers.packing import Packing


class Stub(tf.distribute.TPUStrategy):
    def __init__(self):
        """No TPU is asked for."""


@pytest.fixture
def tpu(monkeypatch):
    """Says that a replica's step is traced on a TPU (True), or what is around it (False)."""

    def say(inside):
        monkeypatch.setattr(tf.distribute, "get_strategy", Stub)
        monkeypatch.setattr(tf.distribute, "in_cross_replica_context", lambda: not inside)

    return say


def test_a_replica_of_a_tpu_is_compiled_as_a_whole(tpu):
    assert not xla_context.inside_tpu_replica()
    assert not xla_context.inside_xla()
    tpu(True)
    assert xla_context.inside_tpu_replica()
    assert xla_context.inside_xla()
    tpu(False)
    assert not xla_context.inside_tpu_replica()
    assert not xla_context.inside_xla()


def test_other_strategies_are_not_mistaken_for_a_tpu():
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    assert strategy.run(lambda: xla_context.inside_tpu_replica()) is False


def test_no_compilation_is_nested_in_that_of_a_tpu(tpu):
    cell, inputs = LSTMCell(64), tf.zeros([4, 8, 32])
    cell.build((None, 32))

    def chosen():
        return paths.choose(cell, inputs, Schedule(), training=True, recording=True)

    with paths.compiled():
        assert chosen() is paths.Path.COMPILED
        tpu(True)
        assert chosen() is paths.Path.PLAIN
        tpu(False)
        assert chosen() is paths.Path.COMPILED


def test_shapes_do_not_depend_on_values_there(tpu):
    mask = tf.constant([[True, False], [False, False]])
    assert Packing(mask).places.shape == [1]
    tpu(True)
    assert Packing(mask).places.shape == [4]
