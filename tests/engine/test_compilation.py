"""How many equations are remembered, and what becomes of the others."""

import gc
import weakref

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

        return cache.get(equation, make)

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


@pytest.mark.parametrize("cell", ["lstm", "simplified_gru", "layer_norm_lstm", "min_gru"])
def test_a_backward_pass_is_traced_late_though_another_cell_of_the_equation_has_gone(cell):
    layer = Recurrent(zoo.cells.get(cell, 6))
    answer = tf.function(layer, autograph=False)
    with paths.compiled():
        answer(x)  # traced where nobody asks for a gradient
        other = Recurrent(zoo.cells.get(cell, 6))
        other(x)
        weights = [weakref.ref(weight) for weight in other.weights]
        del other
        gc.collect()
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(answer(x))
        gradients = tape.gradient(loss, layer.trainable_variables)
    assert not any(weight() for weight in weights)
    with paths.plain(), tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x))
    for fast, plain in zip(gradients, tape.gradient(loss, layer.trainable_variables), strict=True):
        np.testing.assert_allclose(fast, plain, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "min_gru"])
def test_a_branch_has_a_gradient(cell):
    layer = Recurrent(zoo.cells.get(cell, 6))
    layer(x)

    @tf.function(autograph=False)
    def gradients(first):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(tf.cond(first, lambda: layer(x), lambda: 2 * layer(x))))
        return tape.gradient(loss, layer.trainable_variables)

    with paths.compiled():
        branch = gradients(tf.constant(True))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(layer(x)))
        for one, other in zip(branch, tape.gradient(loss, layer.trainable_variables), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
