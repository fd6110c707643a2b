"""The compiled scan against a loop in NumPy, in float64."""

import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo.engine.loops import RealSteps
from zoo.engine.scan import scan_of

BATCH, TIME, UNITS = 2, 24, 3


def walked(decay, addition, first, mask, steps, backwards):
    """Returns the state before and after each step, `[batch, time, units]`, and the last one."""
    before, after = np.zeros(addition.shape), np.zeros(addition.shape)
    h = first
    for t in reversed(range(steps)) if backwards else range(steps):
        before[:, t] = h
        h = np.where(mask[:, t], decay[:, t] * h + addition[:, t], h)
        after[:, t] = h
    return before, after, h


def expected_gradients(cell, projected, first, mask, steps, backwards, d_hidden, d_last):
    """Back-propagation through time, written out."""
    projected = tf.constant(projected)
    with tf.GradientTape() as tape:
        tape.watch(projected)
        recurrence = cell.recurrence(projected)
    decay, addition = (tensor.numpy() for tensor in recurrence)
    before, _, _ = walked(decay, addition, first, mask, steps, backwards)
    d_decay, d_addition, d_h = np.zeros(decay.shape), np.zeros(decay.shape), d_last
    for t in range(steps) if backwards else reversed(range(steps)):
        d_h = d_h + d_hidden[:, t]
        d_decay[:, t], d_addition[:, t] = np.where(mask[:, t], [d_h * before[:, t], d_h], 0)
        d_h = np.where(mask[:, t], decay[:, t], 1) * d_h
    upstream = [tf.constant(tensor, projected.dtype) for tensor in (d_decay, d_addition)]
    return tape.gradient(recurrence, projected, upstream), d_h


def drawn(cell, rng, time=TIME):
    columns = cell.gates * UNITS
    return rng.normal(size=(BATCH, time, columns)), rng.normal(size=(BATCH, UNITS)), rng.random((BATCH, time, 1)) < 0.6


def scanned(cell, projected, first, mask=None, steps=TIME, *, sequences=True, recording=True, backwards=False):
    real = RealSteps(None if mask is None else tf.constant(mask), tf.convert_to_tensor(steps))
    options = {"sequences": sequences, "recording": recording, "backwards": backwards}
    tensors = tf.convert_to_tensor(projected), (tf.convert_to_tensor(first),)
    hidden, (last,) = scan_of(cell).run(*tensors, None, real, **options)
    return hidden, last


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", ["min_gru", "min_lstm"])
def test_states_and_gradients_for_every_number_of_steps(name, backwards):
    """All numbers of steps below a compiled size run in one compilation."""
    rng = np.random.default_rng(0)
    cell = zoo.cells.get(name, UNITS, dtype="float64")
    projected, first, mask = drawn(cell, rng)
    d_last = rng.normal(size=first.shape)
    decay, addition = (tensor.numpy() for tensor in cell.recurrence(tf.constant(projected)))
    for steps in (0, 1, 7, 8, 9, 16, 23, 24):
        d_hidden = rng.normal(size=decay.shape)
        sources = [tf.constant(projected), tf.constant(first)]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            hidden, last = scanned(cell, *sources, mask, steps, backwards=backwards)
            loss = tf.reduce_sum((hidden * d_hidden)[:, :steps]) + tf.reduce_sum(last * d_last)
        _, expected, expected_last = walked(decay, addition, first, mask, steps, backwards)
        np.testing.assert_allclose(hidden[:, :steps], expected[:, :steps], rtol=0, atol=1e-12)
        np.testing.assert_allclose(last, expected_last, rtol=0, atol=1e-12)
        wanted = expected_gradients(cell, projected, first, mask, steps, backwards, d_hidden, d_last)
        for gradient, value in zip(tape.gradient(loss, sources), wanted, strict=True):
            np.testing.assert_allclose(gradient, value, rtol=0, atol=1e-12)
    assert all(f.experimental_get_tracing_count() == 1 for f in scan_of(cell)._functions.values())


@pytest.mark.parametrize("recording", [False, True])
def test_the_last_state_alone_has_the_same_gradient(recording):
    """Also where nobody said that a gradient would be wanted. 13 steps are no whole number of slabs."""
    rng = np.random.default_rng(1)
    cell = zoo.cells.get("min_gru", UNITS, dtype="float64")
    projected, first, _ = drawn(cell, rng, time=13)
    d_last = rng.normal(size=first.shape)
    sources = [tf.constant(projected), tf.constant(first)]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        hidden, last = scanned(cell, *sources, steps=13, sequences=False, recording=recording)
        loss = tf.reduce_sum(last * d_last)
    assert hidden is None
    mask, zeros = np.ones((BATCH, 13, 1), bool), np.zeros((BATCH, 13, UNITS))
    wanted = expected_gradients(cell, projected, first, mask, 13, False, zeros, d_last)
    for gradient, value in zip(tape.gradient(loss, sources), wanted, strict=True):
        np.testing.assert_allclose(gradient, value, rtol=0, atol=1e-12)


def test_inside_a_compiled_function_with_unknown_sizes():
    rng = np.random.default_rng(2)
    cell = zoo.cells.get("min_gru", UNITS)
    projected, first, _ = (a.astype("float32") for a in drawn(cell, rng, time=11))

    @tf.function(
        jit_compile=True, input_signature=[tf.TensorSpec([None, None, 2 * UNITS]), tf.TensorSpec([None, UNITS])]
    )
    def compiled(projected, first):
        with tf.GradientTape() as tape:
            tape.watch(projected)
            hidden, _ = scanned(cell, projected, first, steps=tf.shape(projected)[1])
            loss = tf.reduce_sum(tf.square(hidden))
        return hidden, tape.gradient(loss, projected)

    hidden, gradient = compiled(projected, first)
    decay, addition = (tensor.numpy().astype("float64") for tensor in cell.recurrence(tf.constant(projected)))
    mask = np.ones((BATCH, 11, 1), bool)
    _, expected, last = walked(decay, addition, first, mask, 11, False)
    np.testing.assert_allclose(hidden, expected, rtol=0, atol=1e-5)
    wanted, _ = expected_gradients(cell, projected, first, mask, 11, False, 2 * expected, np.zeros_like(last))
    np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-5)
    assert compiled(projected[:0], first[:0])[0].shape == (0, 11, UNITS)
    assert compiled(projected[:, :0], first)[0].shape == (BATCH, 0, UNITS)


def test_ten_thousand_steps_of_extreme_decays():
    """Gates from wide open to shut, in float32, against float64: no logarithm is needed, and it would do harm."""
    rng = np.random.default_rng(3)
    cell = zoo.cells.get("min_gru", 4)
    projected = rng.normal(size=(1, 10_000, 8)).astype("float32")
    projected[..., :4] = rng.uniform(-20, 20, size=(1, 10_000, 4))  # decays from 2e-9 to 1 - 2e-9
    projected[..., :2] -= 15  # and such as keep something for thousands of steps
    first = rng.normal(size=(1, 4)).astype("float32")
    hidden, last = scanned(cell, projected, first, steps=10_000)
    gate, candidate = np.split(projected.astype("float64"), 2, axis=-1)
    z = 1 / (1 + np.exp(-gate))
    _, expected, _ = walked(1 - z, z * candidate, first, np.ones((1, 10_000, 1), bool), 10_000, False)
    np.testing.assert_allclose(hidden, expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(last, hidden[:, -1])

    log_decay = -np.logaddexp(0, gate).astype("float32")
    summed = np.cumsum(log_decay, axis=1, dtype="float32")
    positive = np.abs(candidate) + 0.5
    logs = np.log(z * positive).astype("float32") - summed
    in_log_space = np.exp(summed + np.logaddexp.accumulate(logs, axis=1, dtype="float32"))
    _, exact, _ = walked(1 - z, z * positive, 0 * first, np.ones((1, 10_000, 1), bool), 10_000, False)
    assert np.max(np.abs(in_log_space - exact)) > 1e-3


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_scanned_in_single(dtype):
    """A decay of 0.999 is 1 in bfloat16; over a thousand steps that is the difference between 0.37 and 1."""
    cell = zoo.cells.get("min_gru", UNITS, dtype=dtype, use_bias=False)
    cell.build((None, 1))
    cell.set_weights([np.float32([[np.log(1e-3)] * 3 + [0] * 3])])
    projected = cell.project(tf.ones([BATCH, 1000, 1], dtype))
    assert projected.dtype == tf.float32
    first = tf.ones([BATCH, UNITS], dtype)
    hidden, last = scanned(cell, projected, first, steps=1000)
    assert hidden.dtype == last.dtype == dtype
    np.testing.assert_allclose(tf.cast(last, "float32"), 0.37, atol=0.01)


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("function", [tf.square, tf.identity])
def test_second_derivatives_are_refused(function, graph):
    """Also of what is linear in the states: they are not linear in the input."""
    cell = zoo.cells.get("min_gru", UNITS, dtype="float64")
    projected, first, _ = drawn(cell, np.random.default_rng(4))
    projected = tf.constant(projected)

    def penalty():
        with tf.GradientTape() as outer:
            outer.watch(projected)
            with tf.GradientTape() as inner:
                inner.watch(projected)
                loss = tf.reduce_sum(function(scanned(cell, projected, first)[0]))
            gradient = inner.gradient(loss, projected)
        return outer.gradient(gradient, projected)

    with pytest.raises(LookupError, match="fast=False"):
        (tf.function(penalty, autograph=False) if graph else penalty)()


def test_cells_of_one_equation_share_compilations():
    one, other = zoo.cells.get("min_gru", 3), zoo.cells.get("min_gru", 3, dropout=0.5, kernel_initializer="ones")
    assert scan_of(one) is scan_of(other)
    assert scan_of(one) is not scan_of(zoo.cells.get("min_gru", 3, activation="tanh"))
