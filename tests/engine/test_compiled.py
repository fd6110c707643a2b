"""A batch in parts, one for every core, gives what the whole gives."""

import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo.engine import compiled, paths
from zoo.layers import Recurrent

STEPS, INPUT, UNITS = 6, 2, 3


def everything(layer, x, states, mask):
    """Returns outputs, last states, and the gradients by input, first states and weights."""
    layer.cell.seed_generator.state.assign(tf.constant([5, 7], tf.uint32))
    with tf.GradientTape() as tape:
        tape.watch([x, states])
        results = layer(x, initial_state=states, mask=mask, training=True)
        loss = tf.add_n([tf.reduce_sum(tf.sin(3 * result)) for result in results])
    weights = [weight.value for weight in layer.trainable_weights]
    return [*results, *map(tf.convert_to_tensor, tape.gradient(loss, [x, *states, *weights]))]


@pytest.mark.parametrize(("name", "batch", "known"), [("lstm", 7, True), ("gru", 1, False), ("min_gru", 8, False)])
def test_parts_of_a_batch(monkeypatch, name, batch, known):
    """Three parts divide none of the batches, so rows are added; none may reach a result or a gradient."""
    monkeypatch.setattr(compiled, "_parts", lambda batch: 3)
    rng = np.random.default_rng(0)
    dropouts = {"dropout": 0.3} if name == "min_gru" else {"dropout": 0.3, "recurrent_dropout": 0.3}
    layer = Recurrent(zoo.cells.get(name, UNITS, seed=5, **dropouts), return_sequences=True, return_state=True)
    layer.build((None, None, INPUT))
    layer.set_weights(
        [rng.normal(size=weight.shape) for weight in layer.weights if weight.name != "seed_generator_state"]
    )
    x = tf.constant(rng.normal(size=(batch, STEPS, INPUT)), tf.float32)
    states = [tf.constant(rng.normal(size=(batch, UNITS)), tf.float32) for _ in range(layer.cell.state_count)]
    mask = tf.constant(rng.random((batch, STEPS)) < 0.6)
    rows, steps = (batch, STEPS) if known else (None, None)
    signature = [
        tf.TensorSpec([rows, steps, INPUT]),
        [tf.TensorSpec([rows, UNITS])] * len(states),
        tf.TensorSpec([rows, steps], tf.bool),
    ]
    results = []
    for way in (paths.compiled, paths.plain):
        with way():
            graph = tf.function(everything, autograph=False).get_concrete_function(layer, *signature)
        results.append(graph(x, *states, mask))
    for mine, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("cores", "batch", "parts"), [(1, 32, 1), (2, 7, 1), (2, 8, 2), (2, None, 2), (8, 16, 2), (8, 64, 8)]
)
def test_into_how_many_parts(monkeypatch, cores, batch, parts):
    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: cores)
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])
    seen = {}

    @tf.function(autograph=False)
    def graph():
        seen["alone"] = compiled._parts(batch)
        with compiled.side_by_side():
            seen["beside another"] = compiled._parts(batch)

    graph()
    assert seen == {"alone": parts, "beside another": 1}
    assert compiled._parts(batch) == 1  # outside a graph one part would wait for the other
