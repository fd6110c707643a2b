import pytest
import tensorflow as tf

from zoo.training.tpu_strategy import StaticTPUStrategy


@pytest.mark.parametrize("given", [None, tf.distribute.RunOptions(experimental_enable_dynamic_batch_size=True)])
def test_inputs_of_unknown_length_are_not_made_dynamic_unless_asked_for(monkeypatch, given):
    calls = []
    monkeypatch.setattr(tf.distribute.TPUStrategy, "run", lambda self, *arguments: calls.append(arguments))
    strategy = object.__new__(StaticTPUStrategy)  # no TPU is asked for
    strategy.run(len, args=("x",), options=given)
    ((function, args, kwargs, options),) = calls
    assert (function, args, kwargs) == (len, ("x",), None)
    assert options.experimental_enable_dynamic_batch_size == (given is not None)
