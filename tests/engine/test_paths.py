"""Which way a layer runs, seen by the operations in its graph and by what it logs."""

import contextlib
import gc

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import logging
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

import zoo.cells
from zoo.engine import cudnn, loops, paths
from zoo.engine.schedule import Schedule
from zoo.layers import LSTM, Bidirectional, Deep, MinGRU, Recurrent

x = np.random.default_rng(0).normal(size=(8, 6, 3)).astype("float32")


@pytest.fixture
def debug_log(caplog):
    """What is logged, down to the reasons of the engine."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.DEBUG)
    with caplog.at_level("DEBUG", logger="absl"):
        yield caplog
    logging.set_verbosity(verbosity)


@pytest.fixture
def gpu(monkeypatch):
    """A GPU, as far as the question goes whether there is one."""
    monkeypatch.setattr(cudnn, "_refusal_of_surroundings", lambda: None)


def graph_of(layer, shape, *, training=False):
    """Returns the graph of one call."""
    function = tf.function(lambda sequences: layer(sequences, training=training), autograph=False)
    return function.get_concrete_function(tf.TensorSpec(shape)).graph.as_graph_def()


def exported_graph(model, folder):
    """Returns the graph that `keras.Model.export` writes."""
    model.export(folder, verbose=False)
    return SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs[0].graph_def


def functions_compiled_by_xla(layer, shape, *, training=False):
    """Returns how many functions XLA compiles in the graph of one call."""
    return must_compile(graph_of(layer, shape, training=training))


def must_compile(graph):
    return sum("_XlaMustCompile" in function.attr for function in graph.library.function)


def calls_of_cudnn(graph):
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return sum(node.op == "CudnnRNNV3" for node in nodes)


@pytest.mark.parametrize("name", zoo.cells.names())
def test_every_cell_can_be_compiled(name):
    """A cell that cannot would be right, and slow."""
    assert functions_compiled_by_xla(Recurrent(zoo.cells.get(name, 64)), [8, 6, 64], training=True)


@pytest.mark.parametrize("layer", [LSTM(40), MinGRU(900), Bidirectional(LSTM(40))], ids=lambda layer: layer.name)
def test_a_graph_of_known_length_is_compiled_unless_it_is_for_export(layer):
    assert functions_compiled_by_xla(layer, [8, 6, 3])
    assert functions_compiled_by_xla(layer, [None, None, 3], training=True)
    with paths.plain():
        assert not functions_compiled_by_xla(layer, [8, 6, 3])
        assert not functions_compiled_by_xla(layer, [None, None, 3], training=True)


def test_keras_export_of_a_known_length_holds_plain_operations(tmp_path):
    model = keras.Sequential([keras.Input((6, 3)), Bidirectional(LSTM(40))])
    assert functions_compiled_by_xla(model, [8, 6, 3])
    graph = exported_graph(model, tmp_path)
    assert len(graph.library.function) > 0
    assert not must_compile(graph)


def test_a_gpu_runs_cudnn_at_known_and_unknown_lengths(gpu):
    layer = LSTM(4)
    layer.build(x.shape)
    for shape in ([8, 6, 3], [8, None, 3], [None, None, 3]):
        for training in (False, True):
            assert calls_of_cudnn(graph_of(layer, shape, training=training)) == 1
    # Fewer steps than a loop is worth, and what was asked for by name.
    assert not calls_of_cudnn(graph_of(layer, [8, 2, 3]))
    for way in (paths.plain, paths.compiled):
        with way():
            assert not calls_of_cudnn(graph_of(layer, [8, 6, 3]))


@pytest.mark.parametrize("depth", [1, 2])
def test_no_export_from_a_gpu_holds_cudnn(gpu, depth, tmp_path):
    net = Bidirectional(LSTM(4, return_sequences=True))
    model = keras.Sequential([keras.Input((6, 3)), net if depth == 1 else Deep(net, depth)])
    assert calls_of_cudnn(graph_of(model, [8, 6, 3])) == 1
    with paths.plain():
        assert not calls_of_cudnn(graph_of(model, [8, 6, 3]))
    assert not calls_of_cudnn(exported_graph(model, tmp_path))


@pytest.mark.parametrize(
    ("options", "shape", "reason"),
    [
        ({"fast": False}, [8, 6, 3], "fast=False"),
        ({"unroll": True}, [8, 6, 3], "unroll=True"),
        ({}, [8, 3, 3], "3 steps are not worth a loop"),
        ({}, [8, None, 3], "compilation a length"),
        ({"units": 4}, [8, 6, 3], "128 weights are sooner used than compiled"),
    ],
)
def test_a_debug_log_says_why_not(options, shape, reason, debug_log):
    assert not functions_compiled_by_xla(LSTM(**{"units": 40, **options}), shape)
    assert reason in debug_log.text
    assert "lstmcell" in debug_log.text


class ReadsItsOwn(zoo.cells.ElmanCell):
    """A cell whose step reads a variable behind the engine's back."""

    def build(self, input_shape):
        super().build(input_shape)
        self.scale = self.add_weight(name="scale", shape=(), initializer="ones")

    def step(self, projected, states, recurrent):
        output, states = super().step(projected, states, recurrent)
        return output * self.scale, [states[0] * self.scale]


def test_a_cell_that_cannot_be_differentiated_by_hand_runs_in_plain_operations(debug_log):
    layer = Recurrent(ReadsItsOwn(4))
    with paths.compiled(), tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x))
    assert "ReadsItsOwn.step reads a variable itself" in debug_log.text
    assert all(np.any(gradient) for gradient in tape.gradient(loss, layer.trainable_variables))


def test_layers_of_one_equation_share_their_compilations():
    before = len(loops._LOOPS)
    layers = [LSTM(5, name=name, kernel_initializer=start) for name, start in (("a", "ones"), ("b", "zeros"))]
    with paths.compiled():
        for layer in layers:
            layer(x)
        assert len(loops._LOOPS) == before + 1
        LSTM(5, activation="relu")(x)
        LSTM(5, dtype="float64")(x)
        assert len(loops._LOOPS) == before + 3


def test_functions_of_one_name_are_told_apart():
    def make(factor):
        def activation(z):
            return factor * z

        return activation

    cells = [zoo.cells.ElmanCell(4, activation=make(factor), kernel_initializer="ones") for factor in (1, 2)]
    with paths.compiled():
        once, twice = (Recurrent(cell)(x[:, :1]) for cell in cells)
    np.testing.assert_allclose(2 * once, twice, rtol=1e-6)


@pytest.mark.parametrize("layer_class", [LSTM, MinGRU])
def test_a_gradient_may_be_asked_for_when_the_layer_is_gone(layer_class):
    gradients = []
    for keep in (True, False):
        keras.utils.set_random_seed(1)
        layer = layer_class(6, activation="softsign")  # an equation that nobody else has compiled
        with paths.compiled(), tf.GradientTape() as tape:
            sequences = tf.constant(x)
            tape.watch(sequences)
            loss = tf.reduce_sum(layer(sequences))
        if not keep:
            del layer
            gc.collect()
        gradients.append(tape.gradient(loss, sequences))
    np.testing.assert_allclose(*gradients, rtol=1e-6)


def test_one_compilation_serves_all_lengths_of_a_bucket():
    layer = LSTM(40, return_sequences=True)
    layer.build(x.shape)
    long = np.random.default_rng(1).normal(size=(8, 20, 3)).astype("float32")

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3])], autograph=False)
    def train(sequences):
        return layer(sequences, training=True)

    sizes = {}
    for length in (17, 18, 19, 20):
        np.testing.assert_allclose(train(long[:, :length]), layer(long[:, :length]), atol=1e-6)
        sizes[length] = compiled_shapes(layer, long[:, :length])
    assert len(set(sizes.values())) == 1


def compiled_shapes(layer, sequences):
    """Returns the shapes that reach the compiled function: it is compiled anew for each."""
    seen = []
    original = loops.Loops._forward

    def spy(self, *args):
        forward = original(self, *args)

        def noting(projected, *rest):
            seen.append(tf.shape(projected))
            return forward(projected, *rest)

        return noting

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loops.Loops, "_forward", spy)

        @tf.function(input_signature=[tf.TensorSpec([None, None, 3])], autograph=False)
        def shapes(sequences):
            layer(sequences, training=True)
            return tf.stack(seen)

        return tuple(shapes(sequences).numpy().ravel().tolist())


def test_a_step_in_a_branch_is_compiled_if_it_takes_its_gradients_by_itself():
    cell, inputs = zoo.cells.LSTMCell(64), tf.zeros([4, 8, 32])
    cell.build((None, 32))

    def chosen_in_a_branch(surroundings):
        chosen = []

        def branch():
            with surroundings():
                # As Keras does it: the step is a function of its own, whose graph is within the branch's.
                tf.function(lambda: chosen.append(choice()), autograph=False).get_concrete_function()
            return tf.constant(0)

        def choice():
            return paths.choose(cell, inputs, Schedule(), training=True, recording=True)

        tf.function(lambda x: tf.cond(x, branch, lambda: 0), autograph=False).get_concrete_function(tf.constant(True))
        return chosen

    with paths.compiled():
        assert chosen_in_a_branch(contextlib.nullcontext) == [paths.Path.PLAIN]
        assert chosen_in_a_branch(paths.a_whole_step) == [paths.Path.COMPILED]
