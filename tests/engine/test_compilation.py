"""How many equations are remembered, and what becomes of the others."""

import gc

import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo.engine import loops, paths, scan
from zoo.engine.compilation import Compilation, CompilationCache
from zoo.layers import Recurrent

x = np.random.default_rng(0).normal(size=(4, 6, 3)).astype("float32")


def test_the_least_recently_used_equation_is_forgotten():
    cache, made = CompilationCache(most=2), []
    cell = zoo.cells.get("elman", 2)

    def ask(equation):
        def make():
            made.append(equation)
            return Compilation(cell)

        return cache.get(equation, cell, make)

    a = ask("a")
    ask("b")
    assert ask("a") is a
    ask("c")
    assert ask("a") is a
    assert made == ["a", "b", "c"]
    ask("b")
    assert made == ["a", "b", "c", "b"]
    assert len(cache) == 2


@pytest.mark.parametrize(("module", "name"), [(loops, "_LOOPS"), (scan, "_SCANS")])
def test_both_caches_are_bounded(module, name):
    assert 0 < getattr(module, name).most < 1_000


@pytest.mark.parametrize(("cell", "module", "cache"), [("lstm", loops, "_LOOPS"), ("min_gru", scan, "_SCANS")])
def test_what_was_forgotten_goes_on_working_in_a_graph_and_a_tape(monkeypatch, cell, module, cache):
    monkeypatch.setattr(module, cache, CompilationCache(most=1))
    layer = Recurrent(zoo.cells.get(cell, 7), return_sequences=True)
    layer.build(x.shape)

    @tf.function(autograph=False)
    def train(sequences):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(layer(sequences, training=True)))
        return loss, tape.gradient(loss, layer.trainable_variables)

    with paths.compiled():
        before = train(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(layer(x)))
        Recurrent(zoo.cells.get(cell, 8))(x)  # another equation takes the only place
        gc.collect()
        assert len(getattr(module, cache)) == 1
        after = train(x), (loss, tape.gradient(loss, layer.trainable_variables))
    for mine in after:
        for value, wanted in zip(tf.nest.flatten(mine), tf.nest.flatten(before), strict=True):
            np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-6)
