"""The exported language model, called from C: neither Python nor this package is there."""

import os

import numpy as np
import pytest
from c_client import find_compiler, run_c_client

import zoo

# Where changes are judged the proof must not vanish unseen, so there a missing compiler is a failure.
pytestmark = pytest.mark.skipif(find_compiler() is None and "CI" not in os.environ, reason="no C compiler on PATH")
TINY = {"embedding_dim": 8, "units": 12, "window": 16, "batch_size": 2, "epochs": 1, "min_count": 1}


def test_texts_are_scored_and_gone_on_with(tmp_path):
    task = zoo.get("lstm_char_lm", **TINY)
    task.fit(["the cat sat on the mat\n" * 20], verbose=0)
    version = task.export(tmp_path)
    texts = ["the cat", "", "日本 🙂\x00", "mat " * 500]
    served = run_c_client(version, texts)
    scored = task.score(texts)
    np.testing.assert_allclose(served["log_probability"], [one.log_probability for one in scored], rtol=1e-4)
    np.testing.assert_allclose(served["bits_per_character"], [one.bits_per_character for one in scored], rtol=1e-4)
    assert served["unknown"].tolist() == [one.unknown for one in scored] == [0, 0, 4, 0]

    request = {"length": 25, "temperature": 0.8, "top_k": 3, "top_p": 0.9, "seed": 7}
    served = run_c_client(version, ["the ", "c"], signature="generate", **request)
    written = task.generate(["the ", "c"], **request)
    assert served["continuation"].tolist() == [one.text for one in written]
    assert served["ended"].tolist() == [one.ended for one in written]
    for wrong in ({"length": 0}, {"top_p": 2.0}, {"temperature": float("nan")}):
        with pytest.raises(RuntimeError, match=f"generate: {next(iter(wrong))} must be"):
            run_c_client(version, ["the "], signature="generate", **{**request, **wrong})
    assert run_c_client(version, [])["log_probability"].shape == (0,)
