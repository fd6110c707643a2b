import numpy as np
import pytest
import tensorflow as tf

from zoo.models.answering import TOKEN_BUDGET, in_order, windows_of_texts


def test_answers_come_in_order_from_batches_of_similar_length_within_the_budget():
    lengths = [2, 9000, 3, 1] * 100
    batches = []

    def answer(rows):
        batches.append([lengths[row] for row in rows])
        return [f"answer {row}" for row in rows]

    assert in_order(lengths, answer) == [f"answer {row}" for row in range(400)]
    assert all(len(batch) * max(batch) <= TOKEN_BUDGET for batch in batches)
    assert [length for batch in batches for length in batch] == sorted(lengths)
    assert max(map(len, batches)) == 256
    assert in_order([], answer) == []
    assert in_order([TOKEN_BUDGET * 2], answer) == ["answer 0"]  # too long for any batch: alone


def test_windows_of_texts(monkeypatch):
    monkeypatch.setattr("zoo.models.answering.WINDOW", 2)
    for x in (["a", "b", "c\ud800"], tf.data.Dataset.from_tensor_slices({"text": ["a", "b", "c?"]})):
        windows = [window.numpy().tolist() for window in windows_of_texts(x)]
        assert windows == [[b"a", b"b"], [b"c?"]]
    assert list(windows_of_texts([])) == []


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ("one text", TypeError, "takes a list of texts, not str"),
        (7, TypeError, "takes a list of texts, not int"),
        (["a", None], TypeError, r"text 1 \(from 0\): expected a string, got None"),
        (tf.data.Dataset.from_tensors({"texts": "a"}), ValueError, r"records with `text`; these have \['texts'\]"),
        (tf.data.Dataset.from_tensors({"text": np.array(["a"])}), ValueError, "leave out .batch"),
    ],
)
def test_what_is_no_text_is_refused(x, error, message):
    with pytest.raises(error, match=message):
        list(windows_of_texts(x))
