"""Which way a layer runs, seen by the operations in its graph and by what it logs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import logging

import zoo.cells
from zoo.cells import Cell
from zoo.engine import loops, paths
from zoo.layers import LSTM, Bidirectional, MinGRU, Recurrent

x = np.random.default_rng(0).normal(size=(8, 6, 3)).astype("float32")


def functions_compiled_by_xla(layer, shape, *, training=False):
    """Returns how many functions XLA compiles in the graph of one call."""
    graph = tf.function(lambda sequences: layer(sequences, training=training), autograph=False)
    definition = graph.get_concrete_function(tf.TensorSpec(shape)).graph.as_graph_def()
    return sum("_XlaMustCompile" in function.attr for function in definition.library.function)


@pytest.mark.parametrize("layer", [LSTM(4), MinGRU(4), Bidirectional(LSTM(4))], ids=lambda layer: layer.name)
def test_a_graph_of_known_length_is_compiled_unless_it_is_for_export(layer):
    assert functions_compiled_by_xla(layer, [8, 6, 3])
    assert functions_compiled_by_xla(layer, [None, None, 3], training=True)
    with paths.plain():
        assert not functions_compiled_by_xla(layer, [8, 6, 3])
        assert not functions_compiled_by_xla(layer, [None, None, 3], training=True)


def test_keras_export_of_a_known_length_holds_plain_operations(tmp_path):
    model = keras.Sequential([keras.Input((6, 3)), Bidirectional(LSTM(4))])
    assert functions_compiled_by_xla(model, [8, 6, 3])
    model.export(tmp_path / "exported", verbose=False)
    definition = tf.saved_model.loader_impl.parse_saved_model(str(tmp_path / "exported")).meta_graphs[0].graph_def
    assert len(definition.library.function) > 0
    assert not any("_XlaMustCompile" in function.attr for function in definition.library.function)


@pytest.mark.parametrize(
    ("options", "shape", "reason"),
    [
        ({"fast": False}, [8, 6, 3], "fast=False"),
        ({"unroll": True}, [8, 6, 3], "unroll=True"),
        ({}, [8, 3, 3], "3 steps are not worth a loop"),
        ({}, [8, None, 3], "compilation a length"),
    ],
)
def test_a_debug_log_says_why_not(options, shape, reason, caplog):
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.DEBUG)
    with caplog.at_level("DEBUG", logger="absl"):
        assert not functions_compiled_by_xla(LSTM(4, name="asked", **options), shape)
    logging.set_verbosity(verbosity)
    assert reason in caplog.text
    assert "lstmcell" in caplog.text


class ReadsItsOwn(zoo.cells.ElmanCell):
    """A cell whose step reads a variable behind the engine's back."""

    def build(self, input_shape):
        super().build(input_shape)
        self.scale = self.add_weight(name="scale", shape=(), initializer="ones")

    def step(self, projected, states, recurrent):
        output, states = super().step(projected, states, recurrent)
        return output * self.scale, [states[0] * self.scale]


def test_a_cell_that_cannot_be_differentiated_by_hand_runs_in_plain_operations(caplog):
    layer = Recurrent(ReadsItsOwn(4))
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.DEBUG)
    with caplog.at_level("DEBUG", logger="absl"), paths.compiled(), tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x))
    logging.set_verbosity(verbosity)
    assert "ReadsItsOwn.step reads a variable itself" in caplog.text
    assert all(np.any(gradient) for gradient in tape.gradient(loss, layer.trainable_variables))


def test_layers_of_one_equation_share_their_compilations():
    before = dict(loops._LOOPS)
    layers = [LSTM(5, name=name, kernel_initializer=start) for name, start in (("a", "ones"), ("b", "zeros"))]
    with paths.compiled():
        for layer in layers:
            layer(x)
        assert len(loops._LOOPS) == len(before) + 1
        LSTM(5, activation="relu")(x)
        LSTM(5, dtype="float64")(x)
        assert len(loops._LOOPS) == len(before) + 3


def test_functions_of_one_name_are_told_apart():
    def make(factor):
        def activation(z):
            return factor * z

        return activation

    cells = [zoo.cells.ElmanCell(4, activation=make(factor), kernel_initializer="ones") for factor in (1, 2)]
    with paths.compiled():
        once, twice = (Recurrent(cell)(x[:, :1]) for cell in cells)
    np.testing.assert_allclose(2 * once, twice, rtol=1e-6)


def test_one_compilation_serves_all_lengths_of_a_bucket():
    layer = LSTM(7, return_sequences=True)
    layer.build(x.shape)
    long = np.random.default_rng(1).normal(size=(8, 20, 3)).astype("float32")

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3])], autograph=False)
    def train(sequences):
        return layer(sequences, training=True)

    sizes = {}
    for length in (17, 18, 19, 20):
        np.testing.assert_allclose(train(long[:, :length]), layer(long[:, :length]), atol=1e-6)
        sizes[length] = compiled_shapes(layer, train, long[:, :length])
    assert len(set(sizes.values())) == 1


def compiled_shapes(layer, function, sequences):
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


def test_a_cell_without_a_step_says_so():
    class Stepless(Cell):
        gates = 1

    with pytest.raises(TypeError, match="Stepless does not define"):
        keras.layers.RNN(Stepless(4))(x)
