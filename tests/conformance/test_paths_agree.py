"""Every cell gives the same outputs, states and gradients on every path, whatever the shapes and masks."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import zoo.cells
from zoo.engine import paths
from zoo.layers import Bidirectional, Deep, Recurrent

INPUT, UNITS, BATCH = 2, 3, 3
# What a layer is made of: the cell's arguments, and for some the layer's.
CELLS = {name: {} for name in zoo.cells.names()} | {
    "lstm_backwards": {"dropout": 0.3, "recurrent_dropout": 0.3, "seed": 5, "go_backwards": True},
    "gru_before": {"reset_after": False, "recurrent_dropout": 0.3, "seed": 5, "go_backwards": True},
    "peephole_lstm_previous": {"output_peephole": "previous", "output_units": 2},
    "min_gru_backwards": {"dropout": 0.3, "seed": 5, "go_backwards": True},
}

# All lengths of one bucket, so that a handful of compilations serves every example; and the shortest sequences.
LENGTHS = st.sampled_from([0, 1, 17, 18, 19, 20])
MASKS = ("none", "right", "left", "holes", "empty rows", "all empty")


def layer_of(name, **arguments):
    options = dict(CELLS[name])
    base = max((known for known in zoo.cells.names() if name.startswith(known)), key=len)
    arguments = {"return_sequences": True, "return_state": True, **arguments}
    arguments["go_backwards"] = options.pop("go_backwards", False)
    return arguments.pop("kind", Recurrent)(zoo.cells.get(base, UNITS, **options), **arguments)


def random_weights(layer):
    rng = np.random.default_rng(1)
    layer.set_weights([0.5 * rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def mask_of(kind, steps, rng):
    lengths = rng.integers(0, steps + 1, size=(BATCH, 1))
    if kind == "none":
        return np.ones((BATCH, steps), bool)
    if kind == "right":
        return np.arange(steps) < lengths
    if kind == "left":
        return np.arange(steps)[::-1] < lengths
    mask = rng.random((BATCH, steps)) < 0.6
    if kind != "holes":
        mask[0 if kind == "empty rows" else slice(None)] = False
    return mask


def everything(layer, sequences, states, mask):
    """Returns outputs, last states, and the gradients by input, first states and weights."""
    for variable in layer.variables:
        if variable.dtype == "uint32":  # dropout's random state: equal dropout on every path
            variable.assign(tf.constant([5, 7], tf.uint32))
    with tf.GradientTape() as tape:
        tape.watch([sequences, *states])
        results = keras.tree.flatten(layer(sequences, initial_state=states or None, mask=mask, training=True))
        # Every entry counts, and each differently.
        loss = tf.add_n([tf.reduce_sum(tf.sin(3 * result)) for result in results])
    sources = [sequences, *states, *(weight.value for weight in layer.trainable_weights)]
    gradients = tape.gradient(loss, sources, unconnected_gradients="zero")
    return [*results, *map(tf.convert_to_tensor, gradients)]


def assert_close(results, expected):
    assert len(results) == len(expected)
    for mine, wanted in zip(results, expected, strict=True):
        # Of a sum of large numbers, the digits behind the largest are rounding.
        np.testing.assert_allclose(mine, wanted, rtol=1e-5, atol=1e-5 * max(1, np.max(np.abs(wanted), initial=0)))


@pytest.mark.parametrize("name", CELLS)
def test_compiled_and_plain(name):
    graphs = []
    for fast in (True, False):
        layer = layer_of(name, fast=fast)
        layer.build((BATCH, None, INPUT))
        random_weights(layer)
        signature = [
            tf.TensorSpec([BATCH, None, INPUT]),
            [tf.TensorSpec([BATCH, UNITS])] * layer.cell.state_count,
            tf.TensorSpec([BATCH, None], tf.bool),
        ]
        with paths.compiled():
            graphs.append(tf.function(everything, autograph=False).get_concrete_function(layer, *signature))
    compiled = [
        any("_XlaMustCompile" in function.attr for function in graph.graph.as_graph_def().library.function)
        for graph in graphs
    ]
    assert compiled == [True, False]

    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(steps=LENGTHS, kind=st.sampled_from(MASKS), seed=st.integers(0, 2**32 - 1), scale=st.floats(0.01, 5))
    def check(steps, kind, seed, scale):
        rng = np.random.default_rng(seed)
        sequences = (scale * rng.normal(size=(BATCH, steps, INPUT))).astype("float32")
        states = [rng.normal(size=(BATCH, UNITS)).astype("float32") for _ in range(layer.cell.state_count)]
        arguments = [tf.constant(each) for each in (sequences, *states, mask_of(kind, steps, rng))]
        assert_close(*(graph(*arguments) for graph in graphs))

    check()


NETS = {
    "last output": lambda fast: Recurrent(zoo.cells.get("lstm", UNITS), fast=fast, return_state=True),
    "zero output": lambda fast: Recurrent(
        zoo.cells.get("gru", UNITS), fast=fast, return_sequences=True, return_state=True, zero_output_for_mask=True
    ),
    "both directions": lambda fast: Bidirectional(
        Recurrent(zoo.cells.get("gru", UNITS), fast=fast, return_sequences=True, return_state=True)
    ),
    "last of both directions": lambda fast: Bidirectional(
        Recurrent(zoo.cells.get("min_lstm", UNITS), fast=fast, return_state=True), merge_mode="sum"
    ),
    "deep": lambda fast: Deep(
        Bidirectional(Recurrent(zoo.cells.get("lstm", UNITS), fast=fast, return_sequences=True, return_state=True)), 2
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_nets(name):
    rng = np.random.default_rng(3)
    sequences = tf.constant(rng.normal(size=(BATCH, 9, INPUT)), tf.float32)
    layer, slow = (NETS[name](fast) for fast in (True, False))
    first = slow(sequences)[1:]
    layer(sequences)
    slow.set_weights(random_weights(layer).get_weights())
    states = [tf.constant(rng.normal(size=(BATCH, UNITS)), tf.float32) for _ in first]
    graphs = [tf.function(everything, autograph=False) for _ in range(2)]
    for kind in MASKS:
        mask = tf.constant(mask_of(kind, 9, rng))
        with paths.compiled():
            results = [graph(net, sequences, states, mask) for graph, net in zip(graphs, (layer, slow), strict=True)]
        assert_close(*results)


@pytest.mark.parametrize("name", CELLS)
def test_the_export_path_in_a_graph_of_unknown_shape(name):
    """As an export traces it, beside Keras' own loop over the same cell."""
    rng = np.random.default_rng(4)
    sequences = rng.normal(size=(BATCH, 23, INPUT)).astype("float32")
    layer, peer = layer_of(name), layer_of(name, kind=keras.layers.RNN)
    layer.build(sequences.shape)
    peer.build(sequences.shape)
    peer.set_weights(random_weights(layer).get_weights())

    @tf.function(input_signature=[tf.TensorSpec([None, None, INPUT]), tf.TensorSpec([None, None], tf.bool)])
    def serve(sequences, mask):
        with paths.plain():
            return layer(sequences, mask=mask)

    for steps, kind in ((23, "right"), (23, "left"), (10, "holes"), (9, "empty rows"), (1, "holes")):
        mask = mask_of(kind, steps, rng)
        served, wanted = serve(sequences[:, :steps], mask), peer(sequences[:, :steps], mask=tf.constant(mask))
        for mine, theirs in zip(served, wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["lstm", "gru", "layer_norm_lstm", "min_gru"])
def test_mixed_precision_keeps_float32_gradients(name):
    sequences = tf.constant(np.random.default_rng(5).normal(size=(BATCH, 9, INPUT)), tf.float32)

    def results(dtype):
        layer = Recurrent(zoo.cells.get(name, UNITS, dtype=dtype), dtype=dtype, return_sequences=True)
        layer.build(sequences.shape)
        with paths.compiled():
            return tf.function(everything, autograph=False)(random_weights(layer), sequences, [], None)

    whole = results("float32")
    for policy, tolerance in (("mixed_bfloat16", 0.2), ("mixed_float16", 0.03)):
        half = results(policy)
        assert half[0].dtype == layer_dtype(policy)
        assert {gradient.dtype for gradient in half[2:]} == {tf.float32}
        for mine, wanted in zip(half, whole, strict=True):
            assert np.max(np.abs(tf.cast(mine, tf.float32) - wanted)) <= tolerance * np.max(np.abs(wanted))


def layer_dtype(policy):
    return tf.as_dtype(policy.removeprefix("mixed_"))
