import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.token_dropout import TokenDropout

RATES = [0.0, 0.0, 0.5, 0.25, 0.0, 1.0]
UNKNOWN = 1


def ids_of(number=20_000):
    return np.tile(np.arange(6, dtype="int32"), (number // 6, 1))


def test_every_id_is_replaced_at_its_own_rate():
    ids = ids_of()
    output = TokenDropout(RATES, seed=0)(ids, training=True).numpy()
    assert output.dtype == np.int32
    kept = output == ids
    np.testing.assert_array_equal(output[~kept], UNKNOWN)
    dropped = 1 - kept.mean(axis=0)
    np.testing.assert_array_equal(dropped[[0, 1, 4, 5]], [0, 0, 0, 1])  # padding, unknown, rate 0, rate 1
    # Six standard deviations of a share of 3,333 draws.
    np.testing.assert_allclose(dropped[2:4], RATES[2:4], rtol=0, atol=0.052)


@pytest.mark.parametrize("arguments", [{}, {"training": False}])
def test_nothing_is_replaced_outside_training(arguments):
    ids = ids_of(60)
    np.testing.assert_array_equal(TokenDropout(RATES)(ids, **arguments), ids)


def test_draws_differ_from_call_to_call_and_repeat_by_seed():
    ids = np.full((50, 50), 2, "int32")
    first, second, other = (TokenDropout(RATES, seed=seed) for seed in (7, 7, 8))
    draws = [first(ids, training=True).numpy() for _ in range(2)]
    assert not np.array_equal(*draws)
    np.testing.assert_array_equal(draws, [second(ids, training=True).numpy() for _ in range(2)])
    assert not np.array_equal(draws[0], other(ids, training=True))


def test_every_step_of_a_graph_draws_anew():
    layer = TokenDropout(RATES, seed=7)
    step = tf.function(lambda ids: layer(ids, training=True), input_signature=[tf.TensorSpec([None, None], tf.int32)])
    ids = tf.fill([50, 50], 2)
    assert not np.array_equal(step(ids), step(ids))


def test_another_unknown_id():
    output = TokenDropout(RATES, unknown_id=4)(np.full((2, 3), 5, "int32"), training=True)
    np.testing.assert_array_equal(output, np.full((2, 3), 4))


def test_in_a_model_that_is_saved_and_loaded(tmp_path):
    inputs = keras.Input([None], dtype="int32")
    layer = TokenDropout(RATES, seed=7)
    outputs = layer(inputs)
    assert outputs.shape == (None, None)
    assert outputs.dtype == "int32"
    keras.Model(inputs, outputs).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].get_config() == layer.get_config()
    ids = ids_of(60)
    np.testing.assert_array_equal(loaded(ids), ids)
