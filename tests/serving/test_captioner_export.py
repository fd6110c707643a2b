"""The exported captioner, called from C on image bytes: neither Python nor this package is there."""

import os

import numpy as np
import pytest
import tensorflow as tf
from c_client import find_compiler, run_c_client

import zoo

# Where changes are judged the proof must not vanish unseen, so there a missing compiler is a failure.
pytestmark = pytest.mark.skipif(find_compiler() is None and "CI" not in os.environ, reason="no C compiler on PATH")


def test_image_bytes_are_answered_as_predict_answers_them(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 20, 16, 3), dtype=np.uint8)
    encoded = [tf.io.encode_png(pixels[0]).numpy(), tf.io.encode_jpeg(pixels[1]).numpy()]
    task = zoo.get(
        "cnn_lstm_caption", image_size=16, encoder_widths=(8, 16), word_dim=8, units=8, attention_units=8, epochs=1,
        max_words=6,
    )  # fmt: skip
    task.fit(encoded, [["a red thing", "noise"], ["a green thing"]], verbose=0)
    requests = [encoded[0], b"", b"\xff\xd8\xff\x00 no image", encoded[1][:60], encoded[1]]
    served = run_c_client(task.export(tmp_path), requests)
    for row, answer in enumerate(task.predict(requests)):
        assert served["caption"][row] == answer.caption
        assert [text for text in served["captions"][row] if text] == [each.text for each in answer.captions]
        nats = [each.log_probability for each in answer.captions]
        np.testing.assert_allclose(served["log_probabilities"][row][: len(nats)], nats, atol=1e-4)
    assert np.array(served["valid"], bool).tolist() == [True, False, False, False, True]
