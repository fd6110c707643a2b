import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo.engine import plain_scan
from zoo.engine.plain_scan import linear_scan

rng = np.random.default_rng(0)


def drawn(time, batch=2, units=3):
    shape = (batch, time, units)
    return rng.uniform(size=shape), rng.normal(size=shape), rng.normal(size=(batch, units))


def stepped(decay, addition, first, go_backwards):
    hidden, h = [None] * decay.shape[1], first
    for t in reversed(range(decay.shape[1])) if go_backwards else range(decay.shape[1]):
        hidden[t] = h = decay[:, t] * h + addition[:, t]
    return tf.stack(hidden, axis=1)


@pytest.mark.parametrize("go_backwards", [False, True])
def test_every_length_in_one_graph(go_backwards):
    @tf.function(
        input_signature=[tf.TensorSpec([None, None, 3], "float64")] * 2 + [tf.TensorSpec([None, 3], "float64")]
    )
    def graph(decay, addition, first):
        hidden = linear_scan(decay, addition, first, go_backwards=go_backwards)
        assert hidden.shape[-1] == 3
        return hidden

    for time in (1, 2, 3, 4, 5, 9, 10, 17, 100):
        tensors = drawn(time)
        np.testing.assert_allclose(graph(*tensors), stepped(*tensors, go_backwards), rtol=0, atol=1e-12)
    assert graph(*drawn(0)).shape == (2, 0, 3)
    assert graph(*drawn(4, batch=0)).shape == (0, 4, 3)
    ops = {node.op for f in graph.get_concrete_function().graph.as_graph_def().library.function for node in f.node_def}
    assert "TensorListSetItem" in ops
    assert not [op for op in ops if "Xla" in op]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_first_and_second_derivatives(jit_compile):
    sources = [tf.constant(tensor) for tensor in drawn(7)]

    def derivatives(scan):
        with tf.GradientTape() as outer:
            outer.watch(sources)
            with tf.GradientTape() as inner:
                inner.watch(sources)
                loss = tf.reduce_sum(tf.sin(scan(*sources)))
            gradients = inner.gradient(loss, sources)
            penalty = tf.add_n([tf.reduce_sum(tf.square(gradient)) for gradient in gradients])
        return gradients, outer.gradient(penalty, sources)

    ours = tf.function(lambda: derivatives(linear_scan), jit_compile=jit_compile)()
    theirs = derivatives(lambda *tensors: stepped(*tensors, False))
    for mine, wanted in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=0, atol=1e-10)


def test_ten_thousand_steps_of_extreme_decays():
    decay, addition, first = drawn(10_000)
    decay[..., 0], decay[..., 1] = 1 - 1e-7, 1e-30
    tensors = [tensor.astype("float32") for tensor in (decay, addition / 100, first)]
    exact = stepped(*(tensor.astype("float64") for tensor in tensors), False)
    np.testing.assert_allclose(tf.function(linear_scan)(*tensors), exact, rtol=0, atol=2e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_adds_up_in_single(dtype):
    decay, addition = tf.ones([1, 4000, 1], dtype), tf.ones([1, 4000, 1], dtype) / 1024
    hidden = linear_scan(decay, addition, tf.zeros([1, 1], dtype))
    assert hidden.dtype == dtype
    np.testing.assert_allclose(tf.cast(hidden[:, -1], "float32"), 4000 / 1024, rtol=4e-3)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_cell_is_run_with_mask_and_state(backwards):
    cell = zoo.cells.get("min_lstm", 3, dtype="float64")
    cell.build((None, 2))
    inputs, first, mask = rng.normal(size=(2, 6, 2)), rng.normal(size=(2, 3)), rng.random((2, 6)) < 0.6
    options = {"backwards": backwards, "sequences": True}
    hidden, (last,) = plain_scan.run(cell, tf.constant(inputs), (tf.constant(first),), tf.constant(mask), **options)
    h = first
    for t in reversed(range(6)) if backwards else range(6):
        h = np.where(mask[:, t, np.newaxis], cell(inputs[:, t], [tf.constant(h)])[0], h)
        np.testing.assert_allclose(hidden[:, t], h, rtol=0, atol=1e-12)
    np.testing.assert_allclose(last, h, rtol=0, atol=1e-12)
    nothing, (last,) = plain_scan.run(cell, tf.constant(inputs[:, :0]), (tf.constant(first),), None, **options)
    assert nothing.shape == (2, 0, 3)
    np.testing.assert_array_equal(last, first)
