"""The exported dialogue model, called from C on rows of turns: neither Python nor this package is there."""

import os

import numpy as np
import pytest
import tensorflow as tf
from c_client import find_compiler, run_c_client

import zoo

# Where changes are judged the proof must not vanish unseen, so there a missing compiler is a failure.
pytestmark = pytest.mark.skipif(find_compiler() is None and "CI" not in os.environ, reason="no C compiler on PATH")
TINY = {"word_dim": 6, "encoder_units": 5, "context_units": 7, "units": 8, "max_turns": 6, "max_words": 9}
DIALOGUES = [["Hello there .", "Hi !", "A cat ?", "No , a small dog ."], ["Yes", "One two zebra two"]]
ACTS = [["greet", "greet", "ask", "tell"], ["tell", "tell"]]
REQUESTS = [
    ["Hello there .", "Hi !"],
    [],
    ["Yes"] * 500,
    ["cat " * 5000],
    ["🙂", "quagga\0 zebra"],
    ["Hi !"],
]


def test_turns_are_answered_as_predict_answers_them(tmp_path, monkeypatch):
    task = zoo.get("hred_dialog", max_reply=4, **TINY)
    task.adapt(task.records(DIALOGUES, ACTS))
    rng = np.random.default_rng(1)
    for weight in task.network.trainable_weights:
        weight.assign(rng.normal(scale=0.8, size=weight.shape))
    signatures = task.signatures()
    monkeypatch.setattr(task, "signatures", lambda: signatures)  # so each is traced once, for the file and for here
    version = task.export(tmp_path)
    blank, broken = ["", "Hello there .", " \t", "Hi !", "\n"], [b"caf\xe9 \xff", "Hi !"]
    served = run_c_client(version, [*REQUESTS, blank, broken])
    answers = task.predict([request for request in REQUESTS if request])
    answers.insert(1, None)
    for row, answer in enumerate(answers):
        if answer is None:
            continue
        assert served["reply"][row] == answer.text
        assert [text for text in served["replies"][row] if text] == [each.text for each in answer.alternatives]
        nats = [each.log_probability for each in answer.alternatives]
        np.testing.assert_allclose(served["log_probabilities"][row][: len(nats)], nats, atol=1e-4)
        assert served["act"][row] == answer.act
    assert np.array(served["valid"], bool).tolist() == [True, False, *[True] * 6]
    assert (served["reply"][1], served["act"][1], served["log_probability"][1]) == ("", "", 0.0)
    assert served["turns_cut"].tolist() == [0, 0, 494, 0, 0, 0, 0, 0]
    assert served["words_cut"].tolist() == [0, 0, 0, 4991, 0, 0, 0, 0]
    assert served["reply"][6] == served["reply"][0]  # blank turns are no turns, wherever they stand
    assert served["reply"][7]

    request = {"length": 3, "temperature": 0.8, "top_k": 4, "top_p": 0.9, "seed": 7}
    drawn = run_c_client(version, REQUESTS[:1], signature="sample", **request)
    here = signatures["sample"](tf.constant(REQUESTS[:1]), *map(tf.constant, (3, 0.8, 4, 0.9, np.int64(7))))
    assert drawn["reply"].tolist() == [here["reply"].numpy()[0].decode()]
    with pytest.raises(RuntimeError, match="temperature must be between 0"):
        run_c_client(version, REQUESTS[:1], signature="sample", **{**request, "temperature": -1.0})
    none = signatures["serving_default"](tf.zeros([0, 3], tf.string))
    assert none["replies"].shape == (0, 3)
