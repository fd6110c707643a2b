import keras
import numpy as np
import pytest

from zoo.metrics import WordErrorRate, distinct


def test_words_that_are_not_the_most_probable():
    logits = np.array([[[0.0, 3, 1], [2, 0, 1], [0, 0, 9]], [[9, 0, 0], [0, 1, 2], [5, 5, 5]]])
    targets = np.array([[1, 1, 2], [1, 2, 0]])
    metric = WordErrorRate()
    metric.update_state(targets, logits, np.array([[1, 1, 1], [1, 1, 0]]))
    assert float(metric.result()) == pytest.approx(2 / 5)
    metric.update_state(np.array([[0]]), np.array([[[0.0, 1, 0]]]), np.ones([1, 1]))  # every word counts alike
    assert float(metric.result()) == pytest.approx(3 / 6)
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert (type(again), again.name) == (WordErrorRate, "word_error_rate")


def test_distinct_is_by_words_of_all_texts():
    texts = ["I do not know.", "i do not know .", "", "It's yes!"]
    words = 5 + 5 + 4
    assert distinct(texts, 1) == pytest.approx((5 + 4) / words)
    assert distinct(texts, 2) == pytest.approx((4 + 3) / words)  # none from one text into the next
    assert distinct(texts, 5) == pytest.approx(1 / words)
    assert distinct(["a a a a"], 1) == pytest.approx(0.25)
    assert distinct(["", " "], 1) == distinct([], 2) == 0.0
    with pytest.raises(ValueError, match="n=0"):
        distinct(texts, 0)
