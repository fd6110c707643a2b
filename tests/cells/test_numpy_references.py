"""Every cell against its equation in NumPy, in float64: one step, and a whole sequence."""

import keras
import numpy as np
import numpy_cells
import pytest

import zoo.cells
from zoo.layers import Recurrent

VARIANTS = [
    *((name, {}) for name in zoo.cells.names()),
    ("gru", {"reset_after": False}),
    ("gru", {"update_gate": "renew"}),
    ("gru", {"reset_after": False, "update_gate": "renew"}),
    ("simplified_gru", {"update_gate": "renew"}),
    ("peephole_lstm", {"output_peephole": "previous"}),
    ("layer_norm_lstm", {"epsilon": 0.1}),
]


def random_weights(cell, rng):
    cell.set_weights([rng.normal(size=weight.shape) for weight in cell.weights])
    return {weight.name: weight.numpy() for weight in cell.weights}


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=lambda value: str(value))
def test_step_and_sequence_follow_the_equation(name, options):
    rng = np.random.default_rng(0)
    cell = zoo.cells.get(name, 4, dtype="float64", **options)
    layer = Recurrent(cell, return_sequences=True, return_state=True, dtype="float64")
    x = rng.normal(size=(3, 6, 5))
    layer.build(x.shape)
    weights = random_weights(cell, rng)
    states = [rng.normal(size=(3, 4)) for _ in range(cell.state_count)]
    reference = getattr(numpy_cells, name)

    expected, expected_states = reference(weights, x[:, 0], states, **options)
    output, new_states = cell(x[:, 0], [keras.ops.convert_to_tensor(state) for state in states])
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-12)
    for new, wanted in zip(new_states, expected_states, strict=True):
        np.testing.assert_allclose(new, wanted, rtol=0, atol=1e-12)

    expected, expected_states = numpy_cells.run(reference, weights, x, states, **options)
    outputs, *last = layer(x, initial_state=states)
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-12)
    for state, wanted in zip(last, expected_states, strict=True):
        np.testing.assert_allclose(state, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", zoo.cells.names())
def test_output_projection(name):
    rng = np.random.default_rng(1)
    cell = zoo.cells.get(name, 4, output_units=2, output_activation="sigmoid", dtype="float64")
    layer = Recurrent(cell, return_sequences=True, dtype="float64")
    x = rng.normal(size=(3, 5, 3))
    layer.build(x.shape)
    w = random_weights(cell, rng)
    states = [np.zeros((3, 4))] * cell.state_count
    hidden, _ = numpy_cells.run(getattr(numpy_cells, name), w, x, states)
    expected = numpy_cells.sigmoid(hidden @ w["output_kernel"] + w["output_bias"])
    assert cell.output_size == 2
    np.testing.assert_allclose(layer(x), expected, rtol=0, atol=1e-12)
