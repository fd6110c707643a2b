"""cuDNN's op itself: its shapes and gradients in a graph anywhere, its numbers where there is a GPU."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf
from cudnn_problems import BATCH, CELLS, INPUT, MASKS, TIME, UNITS, assert_same, layer_of, problem, stack_of, tensor_of

from zoo.cells import LSTMCell
from zoo.engine import cudnn
from zoo.layers import Recurrent


@pytest.mark.parametrize(
    ("name", "directions", "depth"), [("lstm", 2, 2), ("gru", 1, 2), ("elman", 2, 1), ("irnn", 1, 1)]
)
@pytest.mark.parametrize("shape", [(None, None), (BATCH, TIME)])
@pytest.mark.parametrize("masked", [False, True])
def test_this_tensorflow_takes_the_op_and_differentiates_it(name, directions, depth, shape, masked):
    layer = layer_of(name, directions=directions, depth=depth)
    stack = stack_of(layer)
    count = sum(cell.state_count for cells in stack for cell in cells)

    def gradients(inputs, mask, states):
        with tf.GradientTape() as tape:
            tape.watch([inputs, states])
            outputs, last = cudnn.run(stack, inputs, states, mask=mask if masked else None)
        assert outputs.shape.as_list() == [*shape, directions * UNITS]
        assert [state.shape.as_list() for state in last] == [[shape[0], UNITS]] * count
        weights = [variable.value for variable in layer.trainable_variables]
        return tape.gradient([outputs, *last], [inputs, *states, *weights])

    graph = tf.function(gradients, autograph=False).get_concrete_function(
        tf.TensorSpec([*shape, INPUT]), tf.TensorSpec(shape, tf.bool), [tf.TensorSpec([shape[0], UNITS])] * count
    )
    wanted = [(*shape, INPUT), *[(shape[0], UNITS)] * count, *(v.shape for v in layer.trainable_variables)]
    assert [tuple(gradient.shape) for gradient in graph.structured_outputs] == wanted
    kinds = [operation.type for operation in graph.graph.get_operations()]
    assert kinds.count("CudnnRNNV3") == kinds.count("CudnnRNNBackpropV3") == 1


needs_gpu = pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="needs a GPU")


@contextlib.contextmanager
def _exact_products():
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


@needs_gpu
@pytest.mark.parametrize(
    ("name", "directions", "depth"),
    [(name, 1, 1) for name in CELLS] + [("lstm", 2, 3), ("gru", 2, 2), ("elman", 2, 2), ("lstm", 1, 2), ("gru", 1, 3)],
)
def test_the_op_itself_equals_the_loop(rng, name, directions, depth):
    with _exact_products():
        layer = layer_of(name, directions=directions, depth=depth, fast=False)
        for mask in MASKS.values():
            assert_same(layer, *problem(stack_of(layer), rng), mask, atol=1e-4)


@needs_gpu
def test_the_op_itself_takes_full_and_padded_batches_by_turns(rng):
    with _exact_products():
        layer = layer_of("lstm", directions=2, depth=2, fast=False)
        stack = stack_of(layer)
        compiled = tf.function(lambda x, s, m: cudnn.run(stack, x, s, mask=m)[0], autograph=False)
        for mask in ("full", "right", "full", "empty rows"):
            inputs, states = problem(stack, rng)
            expected, *_ = layer(inputs, initial_state=states, mask=MASKS[mask])
            np.testing.assert_allclose(compiled(inputs, states, tensor_of(MASKS[mask])), expected, atol=1e-4)


@needs_gpu
@pytest.mark.parametrize(("policy", "atol"), [("mixed_bfloat16", 0.2), ("mixed_float16", 2e-2), ("float64", 1e-10)])
def test_the_op_itself_in_other_precisions(rng, policy, atol):
    layer = Recurrent(LSTMCell(UNITS, dtype=policy), return_sequences=True, return_state=True, dtype=policy, fast=False)
    layer.build((None, None, INPUT))
    inputs, states = problem(stack_of(layer), rng)
    inputs, states = tf.cast(inputs, layer.compute_dtype), [tf.cast(state, layer.compute_dtype) for state in states]
    assert_same(layer, inputs, states, MASKS["right"], atol=atol)
