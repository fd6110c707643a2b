"""Every recipe's training step, as a TPU would run it: compiled as a whole, at static shapes."""

import contextlib
import dataclasses
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_recipes import ONE_A_TASK, TINY
from tpu_ops import refused, refused_in_hlo

from zoo.engine import xla_context

ROWS = 5


def shapes(batch):
    return tuple(tuple(part.shape) for part in tf.nest.flatten(batch))


class Ready:
    """A task that is about to train at static shapes, with its batches, some of which lack rows."""

    def __init__(self, tiny):
        # Adam would blow up the last bit of gradients that are near 0.
        self.task = tiny.make(static_shapes=True, batch_size=ROWS, dropout=0.1, optimizer="sgd")
        self.records = self.task.records(tiny.x[:23], tiny.y and tiny.y[:23])
        self.task.adapt(self.records)
        self.task.optimizer.build(self.task.trainable_variables)
        batches = self.task.batches(self.records, training=True)
        self.spec, self.batches = batches.element_spec, list(batches)

    @functools.cached_property
    def step(self):
        """The training step, as Keras runs it: traced once for what all batches have in common."""
        return tf.function(self.task.train_step, input_signature=[self.spec], jit_compile=True, autograph=False)

    def dynamic_batches(self):
        """The same batches, padded to the longest record of each and with no more rows than there are."""
        config = self.task.config
        self.task.config = dataclasses.replace(config, static_shapes=False)
        try:
            return list(self.task.batches(self.records, training=True))
        finally:
            self.task.config = config

    @contextlib.contextmanager
    def without_dropout(self):
        layers = [layer for layer in self.task._flatten_layers() if isinstance(layer, keras.layers.Dropout)]
        rates = [layer.rate for layer in layers]
        for layer in layers:
            layer.rate = 0.0
        yield
        for layer, rate in zip(layers, rates, strict=True):
            layer.rate = rate

    def after_training(self, batches):
        """The losses of a few steps, the scores after them, and the weights; then all is as before."""
        variables = [*self.task.variables, *self.task.optimizer.variables]
        before = [variable.numpy() for variable in variables]
        losses = []
        for batch in batches:
            self.task.reset_metrics()
            losses.append(float(self.task.train_step(batch)["loss"]))
        self.task.reset_metrics()
        scores = {name: float(score) for name, score in self.task.test_step(batches[-1]).items()}
        weights = [weight.numpy() for weight in self.task.trainable_weights]
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        self.task.reset_metrics()
        return losses, scores, weights


@pytest.fixture(scope="module")
def ready():
    return functools.cache(lambda name: Ready(TINY[name]))


@pytest.fixture
def as_on_a_tpu(monkeypatch):
    monkeypatch.setattr(xla_context, "inside_tpu_replica", lambda: True)


@pytest.mark.parametrize("name", [tiny.recipe for tiny in ONE_A_TASK])
def test_static_shapes_change_nothing_but_the_shapes(ready, name):
    static, dynamic = ready(name).batches, ready(name).dynamic_batches()
    assert len({shapes(batch) for batch in static}) < len({shapes(batch) for batch in dynamic})
    assert {len(part) for batch in static for part in tf.nest.flatten(batch)} == {ROWS}
    for (x, _), (real, _) in zip(static, dynamic, strict=True):  # the same records in the same order
        there = tuple(slice(length) for length in real["token_ids"].shape)
        np.testing.assert_array_equal(x["token_ids"][there], real["token_ids"])
        assert tf.reduce_sum(x["token_ids"]) == tf.reduce_sum(real["token_ids"])
    with ready(name).without_dropout():
        chosen = [0, -1]  # the last one lacks rows, or time steps
        losses, scores, weights = ready(name).after_training([static[number] for number in chosen])
        expected_losses, expected_scores, expected_weights = ready(name).after_training(
            [dynamic[number] for number in chosen]
        )
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    assert scores == pytest.approx(expected_scores, rel=1e-4, abs=1e-6)
    for a, b in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("name", sorted(TINY))
def test_a_step_holds_nothing_that_a_tpu_refuses(ready, as_on_a_tpu, name):
    evaluation = tf.function(
        ready(name).task.test_step, input_signature=[ready(name).spec], jit_compile=True, autograph=False
    )
    for step in (ready(name).step, evaluation):
        assert refused(step.get_concrete_function()) == {}
        computation = step.experimental_get_compiler_ir(ready(name).batches[0])(stage="hlo")
        assert "ENTRY" in computation
        assert refused_in_hlo(computation) == set()


@pytest.mark.parametrize("name", [tiny.recipe for tiny in ONE_A_TASK])
def test_a_training_step_compiles_under_xla(ready, as_on_a_tpu, name):
    task, step, batches = ready(name).task, ready(name).step, ready(name).batches
    batch, another = next(
        (a, b) for number, a in enumerate(batches) for b in batches[:number] if shapes(a) == shapes(b)
    )
    with ready(name).without_dropout():
        (plain, *_), *_ = ready(name).after_training([batch])
        jitted = tf.function(task.train_step, input_signature=[ready(name).spec], jit_compile=True, autograph=False)
        np.testing.assert_allclose(jitted(batch)["loss"], plain, rtol=1e-5)
        jitted(another)
        task.reset_metrics()
        assert jitted(batch)["loss"] < plain  # the steps have moved the weights downhill
        assert jitted.experimental_get_tracing_count() == 1
    assert step.experimental_get_tracing_count() <= 1


def test_what_a_tpu_refuses_is_found():
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), 0)

    @tf.function(input_signature=[tf.TensorSpec([4])])
    def step(x):
        loop = tf.while_loop(lambda i: i < 3, lambda i: i + tf.size(tf.boolean_mask(x, x > 0)), [0])
        tf.print(loop)
        inner = tf.function(lambda x: 2 * x, jit_compile=True)
        return inner(x) + tf.py_function(lambda x: x, [x], tf.float32), table.lookup(tf.constant(["a"]))

    found = {name.split()[0] for name in refused(step.get_concrete_function())}
    assert {"Where", "PrintV2", "StringFormat", "EagerPyFunc", "LookupTableFindV2", "Const"} <= found
    assert found & {"PartitionedCall", "StatefulPartitionedCall"}
    assert refused_in_hlo("a = s32[<=5] add(b, c)  d = f32[2] custom-call(e)") == {"[<=5]", "custom-call"}
