import keras
import numpy as np
import pytest

from zoo.metrics import BitsPerCharacter, Perplexity, TokenMean


def test_every_token_counts_alike_whatever_its_batch():
    metric = TokenMean()
    metric.update_state(np.full([2, 8], 1.0), np.ones([2, 8]))
    metric.update_state(np.full([2, 1], 5.0), np.array([[1.0], [0.0]]))
    assert float(metric.result()) == pytest.approx((16 * 1.0 + 5.0) / 17)


def test_perplexity_and_bits_of_a_fair_choice():
    nats = np.full([3, 4], np.log(8.0))
    perplexity, bits = Perplexity(), BitsPerCharacter()
    perplexity.update_state(nats)
    bits.update_state(nats, np.ones([3, 4]))
    assert float(perplexity.result()) == pytest.approx(8.0, rel=1e-6)
    assert float(bits.result()) == pytest.approx(3.0, rel=1e-6)


def test_the_end_of_a_text_costs_bits_but_is_no_character():
    bits = BitsPerCharacter()
    bits.update_state(np.full([1, 4], np.log(2.0)), np.array([[1, 1, 1, 0]]))
    bits.update_state(np.full([1, 1], np.log(4.0)), np.array([[0]]))
    assert float(bits.result()) == pytest.approx((4 + 2) / 3)


@pytest.mark.parametrize("metric", [BitsPerCharacter(name="bits"), Perplexity()])
def test_config_round_trip(metric):
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert (type(again), again.name) == (type(metric), metric.name)
