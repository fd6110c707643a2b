"""The way to cuDNN, held to the layers' loop by an emulation of the op."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cudnn_emulation import Emulation
from cudnn_problems import (
    BATCH,
    CELLS,
    INPUT,
    MASKS,
    TIME,
    UNITS,
    assert_same,
    layer_of,
    problem,
    stack_of,
    tensor_of,
)

from zoo.cells import GRUCell, LSTMCell
from zoo.engine import cudnn
from zoo.layers import Recurrent


@pytest.fixture
def emulation(monkeypatch):
    emulation = Emulation()
    monkeypatch.setattr(cudnn.tf.raw_ops, "CudnnRNNV3", emulation)
    return emulation


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("mask", ["none", "empty rows"])
def test_equals_the_loop(emulation, rng, name, mask):
    layer = layer_of(name)
    assert_same(layer, *problem(stack_of(layer), rng), MASKS[mask])
    assert len(emulation.calls) == 1


@pytest.mark.parametrize("mask", MASKS)
def test_any_mask_in_one_direction(emulation, rng, mask):
    layer = layer_of("lstm")
    assert_same(layer, *problem(stack_of(layer), rng), MASKS[mask])


@pytest.mark.parametrize("mask", MASKS)
def test_any_mask_in_a_deep_net_of_two_directions_is_one_call(emulation, rng, mask):
    layer = layer_of("gru", directions=2, depth=2)
    assert_same(layer, *problem(stack_of(layer), rng), MASKS[mask])
    assert len(emulation.calls) == 1


@pytest.mark.parametrize(("name", "directions", "depth"), [("lstm", 2, 3), ("elman", 2, 2), ("gru", 1, 2)])
def test_stacks(emulation, rng, name, directions, depth):
    layer = layer_of(name, directions=directions, depth=depth)
    assert_same(layer, *problem(stack_of(layer), rng), MASKS["holes"])
    assert len(emulation.calls) == 1


@pytest.mark.parametrize("mask", ["none", "holes", "empty rows"])
def test_backwards(emulation, rng, mask):
    layer = layer_of("lstm", go_backwards=True)
    inputs, states = problem(stack_of(layer), rng)
    outputs, *last = layer(inputs, initial_state=states, mask=MASKS[mask])
    got, got_last = cudnn.run(stack_of(layer), inputs, states, mask=tensor_of(MASKS[mask]), go_backwards=True)
    np.testing.assert_allclose(got, tf.reverse(outputs, [1]), atol=1e-5)
    np.testing.assert_allclose(got_last, last, atol=1e-5)


def test_zeros_at_masked_steps(emulation, rng):
    layer = layer_of("gru", zero_output_for_mask=True)
    assert_same(layer, *problem(stack_of(layer), rng), MASKS["holes"], zero_output_for_mask=True)


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("mask", ["none", "empty rows"])
def test_last_outputs(emulation, rng, directions, mask):
    layer = layer_of("lstm", directions=directions, depth=2)
    stack = stack_of(layer)
    inputs, states = problem(stack, rng)
    top = layer.layers[-1]
    for each in [top.forward_layer, top.backward_layer, top] if directions == 2 else [top]:
        each.return_sequences = False
    expected, *_ = layer(inputs, initial_state=states, mask=MASKS[mask])
    actual, _ = cudnn.run(stack, inputs, states, mask=tensor_of(MASKS[mask]), return_sequences=False)
    assert actual.shape == (BATCH, directions * UNITS)
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_the_output_projection_is_read_out_afterwards(emulation, rng):
    layer = Recurrent(
        LSTMCell(UNITS, output_units=2, output_activation="tanh"), return_sequences=True, return_state=True
    )
    layer.build((None, None, INPUT))
    assert_same(layer, *problem(stack_of(layer), rng), MASKS["left"])


@pytest.mark.parametrize(("batch", "time"), [(0, TIME), (BATCH, 0), (0, 0), (BATCH, 1)])
@pytest.mark.parametrize("masked", [False, True])
def test_nothing_or_little_to_do(emulation, rng, batch, time, masked):
    stack = stack_of(layer_of("lstm", directions=2))
    inputs, states = problem(stack, rng, batch=batch, time=time)
    mask = tf.ones([batch, time], tf.bool) if masked else None
    outputs, last = cudnn.run(stack, inputs, states, mask=mask)
    assert outputs.shape == (batch, time, 2 * UNITS)
    assert [state.shape for state in last] == [(batch, UNITS)] * 4
    if time == 0:
        np.testing.assert_array_equal(last, states)
    else:
        np.testing.assert_array_equal(outputs[:, -1, :UNITS], last[0])


def test_padding_is_never_mixed_with_full_lengths_of_the_same_size(emulation, rng):
    stack = stack_of(layer_of("gru"))
    inputs, states = problem(stack, rng)
    longer, _ = problem(stack, rng, time=TIME + 1)
    cudnn.run(stack, longer, states)
    for mask in ("full", "right"):
        cudnn.run(stack, inputs, states, mask=tensor_of(MASKS[mask]))
    assert [call["input"].shape[0] for call in emulation.calls] == [TIME + 1] * 3
    assert [call["seed2"] for call in emulation.calls] == [0, 1, 1]


def test_what_is_masked_is_not_read(emulation, rng):
    stack = stack_of(layer_of("lstm"))
    inputs, states = problem(stack, rng)
    mask = MASKS["holes"]
    poisoned = tf.where(mask[..., None], inputs, np.nan)
    with tf.GradientTape() as tape:
        tape.watch(poisoned)
        outputs, _ = cudnn.run(stack, poisoned, states, mask=tensor_of(mask))
    np.testing.assert_allclose(outputs, cudnn.run(stack, inputs, states, mask=tensor_of(mask))[0], atol=1e-6)
    gradient = tape.gradient(outputs, poisoned).numpy()
    np.testing.assert_array_equal(gradient[~mask], 0)
    assert np.isfinite(gradient).all()


def test_dropout_of_the_input_is_the_layers_own(emulation, rng):
    cell = GRUCell(UNITS, dropout=0.5, seed=3)
    layer = Recurrent(cell, return_sequences=True)
    inputs, states = problem([[cell]], rng)
    expected = layer(inputs, initial_state=states, training=True)
    cell.seed_generator.state.assign(keras.random.SeedGenerator(3).state)
    actual, _ = cudnn.run([[cell]], inputs, states, training=True)
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    assert np.abs(expected - cudnn.run([[cell]], inputs, states)[0]).max() > 1e-2


@pytest.mark.parametrize(
    ("policy", "precision"), [("mixed_bfloat16", "float32"), ("mixed_float16", "float16"), ("float64", "float64")]
)
def test_precisions(emulation, rng, policy, precision):
    layer = Recurrent(LSTMCell(UNITS, dtype=policy), return_sequences=True, return_state=True, dtype=policy)
    layer.build((None, None, INPUT))
    inputs, states = problem(stack_of(layer), rng)
    inputs, states = tf.cast(inputs, layer.compute_dtype), [tf.cast(state, layer.compute_dtype) for state in states]
    assert_same(
        layer, inputs, states, MASKS["right"], atol={"float16": 2e-2, "float32": 0.2, "float64": 1e-10}[precision]
    )
    assert emulation.calls[0]["input"].dtype == emulation.calls[0]["params"].dtype == precision
