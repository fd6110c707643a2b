"""The exported classifier, called from C: neither Python nor this package is there."""

import os

import numpy as np
import pytest
from c_client import find_compiler, run_c_client

import zoo

# Where changes are judged the proof must not vanish unseen, so there a missing compiler is a failure.
pytestmark = pytest.mark.skipif(find_compiler() is None and "CI" not in os.environ, reason="no C compiler on PATH")
TEXTS = ["A good film<br />indeed.", "", " \t ", "日本 🙂 naïve – עברית", "bad " * 10_000]


def test_raw_text_is_answered_as_predict_answers_it(tmp_path):
    task = zoo.get(
        "lstm_imdb", word_dim=8, ngram_dim=4, ngram_buckets=50, region_filters=8, units=8, epochs=1, max_tokens=50,
        min_count=1, learning_rate=0.03,
    )  # fmt: skip
    task.fit(["a good film", "a bad film", "fine film"] * 32, ["good", "bad", "good"] * 32, verbose=0)
    exported = task.export(tmp_path)
    served = run_c_client(exported, TEXTS)
    for row, answer in enumerate(task.predict(TEXTS)):
        assert served["label"][row] == answer.label
        assert served["tokens_cut"][row] == answer.tokens_cut
        assert served["probability"][row] == pytest.approx(answer.probability, abs=1e-4)
        np.testing.assert_allclose(served["probabilities"][row], list(answer.probabilities.values()), atol=1e-4)
    assert served["tokens_cut"].tolist() == [0, 0, 0, 0, 9950]
    assert run_c_client(exported, [])["label"].shape == (0,)
