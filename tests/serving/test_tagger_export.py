"""The exported tagger, called from C: neither Python nor this package is there."""

import os

import numpy as np
import pytest
from c_client import find_compiler, run_c_client

import zoo

# Where changes are judged the proof must not vanish unseen, so there a missing compiler is a failure.
pytestmark = pytest.mark.skipif(find_compiler() is None and "CI" not in os.environ, reason="no C compiler on PATH")
TEXTS = ["Ann Lee met Bo in Oslo.", "", " \t ", "日本 🙂👩‍👩‍👧 naïve café – עברית", "Bo " * 3_000]


@pytest.fixture(scope="module")
def tagger():
    task = zoo.get("lstm_ner", word_dim=8, char_dim=4, char_units=4, units=8, epochs=1, learning_rate=0.05)
    x = [["Ann", "Lee", "met", "Bo", "in", "Oslo", "."], ["Bo", "likes", "Bergen"]] * 96
    y = [["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "O"], ["B-PER", "O", "B-LOC"]] * 96
    task.fit(x, y, verbose=0)
    return task


@pytest.fixture(scope="module")
def exported(tagger, tmp_path_factory):
    return tagger.export(tmp_path_factory.mktemp("exported"))


def test_raw_text_is_answered_as_predict_answers_it(tagger, exported):
    served = run_c_client(exported, TEXTS)
    for row, answer in enumerate(tagger.predict(TEXTS)):
        count = len(answer.tokens)
        assert served["tokens"][row, :count].tolist() == answer.tokens
        assert served["tags"][row, :count].tolist() == answer.tags
        np.testing.assert_allclose(served["scores"][row, :count], answer.scores, atol=1e-4)
        for token, (start, end) in zip(answer.tokens, served["offsets"][row, :count].tolist(), strict=True):
            assert TEXTS[row][start:end] == token
        assert set(served["tokens"][row, count:].tolist()) <= {""}
        assert set(served["tags"][row, count:].tolist()) <= {""}
        assert not served["scores"][row, count:].any()


def test_ready_tokens_are_answered_too(tagger, exported):
    sentences = [["Ann", "Lee", "left", "."], ["Bo"]]
    served = run_c_client(exported, sentences, signature="tokens")
    for row, answer in enumerate(tagger.predict(sentences)):
        assert served["tags"][row, : len(answer.tags)].tolist() == answer.tags


def test_nothing_is_answered_with_nothing(exported):
    served = run_c_client(exported, [])
    assert served["tags"].shape[0] == 0
    served = run_c_client(exported, ["", ""])
    assert set(served["tags"].ravel().tolist()) == {""}
