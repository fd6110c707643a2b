"""Every search is the same outside a graph, in one, compiled by XLA, and exported."""

import keras_hub
import numpy as np
import tensorflow as tf
from prefix_tables import PrefixTable

from zoo import decoding

TABLE = PrefixTable.random(tables=4, vocabulary=5, depth=5, seed=4)
ROWS = [3, 1, 0, 2, 1, 3]
LENGTH = 5


def searches(rows, seed, temperature, top_k, top_p):
    first, state = tf.zeros_like(rows), {"table": rows, "node": tf.fill(tf.shape(rows), -1)}
    adjust = decoding.in_turn(decoding.forbidding([4]), decoding.repetition_penalty(1.2))
    cut = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
    found = {
        "greedy": decoding.greedy(TABLE.step, first, state, max_length=LENGTH, end=2),
        "sample": decoding.sample(TABLE.step, first, state, max_length=LENGTH, seed=seed, adjust=adjust, **cut),
        "beam": decoding.beam_search(
            TABLE.step,
            first,
            state,
            max_length=LENGTH,
            end=2,
            beam_width=3,
            n_best=2,
            length_penalty=0.6,
            adjust=adjust,
        ),
    }
    return {f"{name}_{field}": part for name, each in found.items() for field, part in each._asdict().items()}


def test_all_ways_agree(tmp_path):
    arguments = (tf.constant(ROWS), tf.constant(7), tf.constant(0.9), tf.constant(4), tf.constant(0.95))
    wanted = searches(*arguments)
    assert len(np.unique(wanted["sample_tokens"], axis=0)) > 2
    graph = tf.function(searches).get_concrete_function(
        tf.TensorSpec([None], tf.int32, "rows"),
        tf.TensorSpec([], tf.int32, "seed"),
        tf.TensorSpec([], tf.float32, "temperature"),
        tf.TensorSpec([], tf.int32, "top_k"),
        tf.TensorSpec([], tf.float32, "top_p"),
    )
    assert graph.structured_outputs["beam_tokens"].shape.as_list() == [None, 2, LENGTH]
    assert graph.structured_outputs["sample_tokens"].shape.as_list() == [None, LENGTH]
    module = tf.Module()
    module.search = graph
    tf.saved_model.save(module, tmp_path / "search", signatures=graph)
    served = tf.saved_model.load(tmp_path / "search").signatures["serving_default"]
    names = ("rows", "seed", "temperature", "top_k", "top_p")
    ways = {
        "graph": graph(*arguments),
        "exported": served(**dict(zip(names, arguments, strict=True))),
        "compiled": tf.function(searches, jit_compile=True)(*arguments),
    }
    for way, found in ways.items():
        for name, part in wanted.items():
            np.testing.assert_allclose(found[name], part, rtol=1e-5, err_msg=f"{way} {name}")


def test_the_length_may_be_an_input():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)])
    def search(rows, length):
        state = {"table": rows, "node": tf.fill(tf.shape(rows), -1)}
        first = tf.zeros_like(rows)
        greedy = decoding.greedy(TABLE.step, first, state, max_length=length)
        return greedy.tokens, decoding.beam_search(TABLE.step, first, state, max_length=length, beam_width=1).tokens

    for length in (1, 4):
        greedy, beams = search(tf.constant(ROWS), tf.constant(length))
        assert greedy.shape == (6, length)
        np.testing.assert_array_equal(beams[:, 0], greedy)


def test_keras_hub_finds_the_same_where_nothing_ends():
    first, state = tf.zeros([6], tf.int32), TABLE.state(ROWS)
    prompt = np.zeros([6, LENGTH + 1], "int32")
    prompted = {"prompt": prompt, "mask": np.arange(LENGTH + 1)[np.newaxis] + prompt < 1, "cache": state, "index": 1}

    def following(prompt, cache, index):
        logits, cache = TABLE.step(tf.gather(prompt, index - 1, axis=1), cache)
        return logits, None, cache

    greedy = keras_hub.samplers.GreedySampler()(next=following, **prompted)
    ours = decoding.greedy(TABLE.step, first, state, max_length=LENGTH)
    np.testing.assert_array_equal(ours.tokens, greedy[:, 1:])
    beams, log_probabilities = keras_hub.samplers.BeamSampler(3, return_all_beams=True)(next=following, **prompted)
    ours = decoding.beam_search(TABLE.step, first, state, max_length=LENGTH, beam_width=3, n_best=3)
    np.testing.assert_array_equal(ours.tokens, beams[:, :, 1:])
    np.testing.assert_allclose(ours.scores, log_probabilities, rtol=1e-5)
