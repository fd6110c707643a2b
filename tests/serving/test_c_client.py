"""The C client itself, on a toy SavedModel; the exports of the recipes are checked with it in their own tests."""

import numpy as np
import pytest
import tensorflow as tf
from c_client import build_c_client, find_compiler, run_c_client, signature_names, time_c_client

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler on PATH")


class Toy(tf.Module):
    """One output of every type and rank that the client prints."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(0.5)
        table = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1, 2], tf.int64))
        self.table = tf.lookup.StaticHashTable(table, -1)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        length = tf.strings.length(text, unit="UTF8_CHAR")
        return {
            "lower": tf.strings.lower(text, encoding="utf-8"),
            "length": length,
            "key": self.table.lookup(text),
            "half": tf.cast(length, tf.float32) * self.scale,
            "log": tf.math.log(tf.cast(length, tf.float64)),
            "empty": tf.equal(length, 0),
            "total": tf.reduce_sum(length),
            "cube": tf.reshape(tf.repeat(length, 4), [-1, 2, 2]),
        }

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([], tf.int32, name="times"),
            tf.TensorSpec([], tf.float32, name="factor"),
        ]
    )
    def scaled(self, text, times, factor):
        length = tf.cast(tf.strings.length(text), tf.float32)
        return {"repeated": tf.strings.reduce_join(tf.repeat(text[:, None], times, 1), 1), "scaled": factor * length}

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.string, name="tokens")])
    def join(self, tokens):
        return {"text": tf.strings.reduce_join(tokens, axis=-1, separator="|")}


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("toy") / "1"
    toy = Toy()
    tf.saved_model.save(
        toy, str(path), signatures={"serving_default": toy.serve, "join": toy.join, "scaled": toy.scaled}
    )
    return path


def test_every_type_and_rank_comes_back(saved_model):
    outputs = run_c_client(saved_model, ["Harry", "b", ""])
    assert outputs["lower"].tolist() == ["harry", "b", ""]
    assert outputs["length"].dtype == np.int32
    assert outputs["length"].tolist() == [5, 1, 0]
    assert outputs["key"].dtype == np.int64
    assert outputs["key"].tolist() == [-1, 2, -1]
    assert outputs["half"].dtype == np.float32
    assert outputs["half"].tolist() == [2.5, 0.5, 0.0]
    np.testing.assert_array_equal(outputs["log"], [np.log(5.0), 0.0, -np.inf])
    assert outputs["empty"].tolist() == [False, False, True]
    assert outputs["total"].shape == ()
    assert outputs["total"] == 6
    assert outputs["cube"].shape == (3, 2, 2)
    assert outputs["cube"][0].tolist() == [[5, 5], [5, 5]]


def test_text_is_carried_byte_for_byte(saved_model):
    texts = ['say "no"\\', "two\nlines\r\n\ttab \x01", "HÉLÈNE 👩‍🚀 Привет שלום 東京", "X" * 100_000]
    outputs = run_c_client(saved_model, texts)
    assert outputs["lower"].tolist() == [text.lower() for text in texts]
    assert outputs["length"].tolist() == [len(text) for text in texts]


def test_an_empty_batch(saved_model):
    outputs = run_c_client(saved_model, [])
    assert outputs["lower"].shape == (0,)
    assert outputs["cube"].shape == (0, 2, 2)
    assert outputs["total"] == 0


def test_rows_of_strings_are_padded_to_a_matrix(saved_model):
    outputs = run_c_client(saved_model, [["a", "b", "c"], ["d"], []], signature="join")
    assert outputs["text"].tolist() == ["a|b|c", "d||", "||"]


def test_bytes_and_numbers(saved_model):
    outputs = run_c_client(saved_model, [b"\x00\xff\n:", "7:Harry"], signature="scaled", times=1, factor=0.5)
    assert outputs["scaled"].tolist() == [2.0, 3.5]
    assert run_c_client(saved_model, ["ab"], signature="scaled", times=2, factor=1)["repeated"].tolist() == ["abab"]
    with pytest.raises(ValueError, match=r"takes \['factor', 'text', 'times'\]"):
        run_c_client(saved_model, ["ab"], signature="scaled", times=2)


def test_latency_is_measured_over_repeated_calls(saved_model):
    latency = time_c_client(saved_model, ["Harry"], repeat=20)
    assert 0 < latency.median_ms <= latency.p90_ms


def test_an_unknown_signature_names_the_ones_there_are(saved_model):
    with pytest.raises(ValueError, match=r"no signature 'serve'; it has .*join, .*serving_default"):
        signature_names(saved_model, "serve")


def test_what_the_client_refuses_is_reported(saved_model, tmp_path):
    copy = tmp_path / "1"
    copy.mkdir()
    (copy / "saved_model.pb").write_bytes((saved_model / "saved_model.pb").read_bytes())
    with pytest.raises(RuntimeError, match="the model failed: Could not find variable"):
        run_c_client(copy, ["the variables are missing"])


def test_without_a_compiler_the_error_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no C compiler"):
        build_c_client(tmp_path)
