import gzip

import numpy as np
import pytest
import tensorflow as tf

from zoo.embeddings import WordVectors, learn
from zoo.embeddings.skip_gram import _loss_and_gradients

# Words of a class stand in the same places: nothing but their contexts says that they belong together.
CLASSES = {
    "animal": ["cat", "dog", "owl", "fox"],
    "verb": ["eats", "sees", "hunts", "finds"],
    "colour": ["red", "blue", "green", "black"],
    "thing": ["stone", "cup", "door", "book"],
}


def corpus(sentences=1500, seed=0):
    rng = np.random.default_rng(seed)

    def some(kind):
        return CLASSES[kind][rng.integers(4)]

    return [
        f"the {some('animal')} {some('verb')} fish"
        if rng.random() < 0.5
        else f"a {some('colour')} {some('thing')} fell"
        for _ in range(sentences)
    ]


SMALL = {"dim": 16, "window": 2, "epochs": 4, "min_count": 1, "subsample": 0, "tokenizer": tf.strings.split}


def margin(vectors):
    """The least similarity within a class, less the greatest between two classes."""
    words = [word for members in CLASSES.values() for word in members]
    similar = vectors.similarities(np.repeat(words, 16), np.tile(words, 16)).reshape(16, 16)
    same = np.kron(np.eye(4, dtype=bool), np.ones((4, 4), bool))
    return similar[same].min() - similar[~same].max()


@pytest.fixture(scope="module")
def learnt():
    reports = []
    return learn(corpus(), **SMALL, on_epoch=reports.append), reports


def test_words_of_equal_contexts_become_neighbours(learnt):
    vectors, reports = learnt
    assert margin(vectors) > 0.3
    for members in CLASSES.values():
        for word in members:
            assert {n.word for n in vectors.nearest(word, 3)} == set(members) - {word}
    assert [report.epoch for report in reports] == [1, 2, 3, 4]
    assert reports[-1].loss < reports[0].loss < 6 * np.log(2)


def test_untrained_vectors_do_not_pass_that_test():
    assert margin(learn(corpus(), **{**SMALL, "epochs": 1}, learning_rate=1e-9)) < -0.5


def test_equal_seeds_give_equal_vectors(learnt):
    again = learn(corpus(), **SMALL)
    assert again.words == learnt[0].words
    np.testing.assert_array_equal(again.matrix, learnt[0].matrix)
    assert not np.array_equal(learn(corpus(), **SMALL, seed=1).matrix, again.matrix)


def test_a_gzipped_file_is_learnt_from_as_a_list_is(tmp_path, learnt):
    (tmp_path / "text.gz").write_bytes(gzip.compress("\n".join(corpus()).encode()))
    np.testing.assert_array_equal(learn(tmp_path / "text.gz", **SMALL).matrix, learnt[0].matrix)


def test_gradients_are_those_of_the_loss():
    rng = np.random.default_rng(0)
    v = tf.constant(rng.normal(size=(2, 32, 5)), tf.float32)
    u = tf.constant(rng.normal(size=(2, 36 + 32, 5)), tf.float32)
    pairs = tf.constant(rng.random((2, 32, 36)) < 0.1)
    with tf.GradientTape() as tape:
        tape.watch([v, u])
        scores = tf.einsum("bid,bjd->bij", v, u)
        count = tf.cast(pairs, tf.float32)
        # Equation 4, each of the pair's five negatives being the mean of the 32 that are shared.
        positive = tf.reduce_sum(count * tf.math.log_sigmoid(scores[:, :, :36]))
        noise = tf.reduce_mean(tf.math.log_sigmoid(-scores[:, :, 36:]), axis=-1)
        expected = -positive - 5 * tf.reduce_sum(tf.reduce_sum(count, -1) * noise)
    loss, number, by_v, by_u = _loss_and_gradients(v, u, pairs, 5 / 32)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    assert number == tf.reduce_sum(count)
    for actual, right in zip((by_v, by_u), tape.gradient(expected, [v, u]), strict=True):
        np.testing.assert_allclose(actual, right, rtol=1e-4, atol=1e-5)


def test_windows_end_with_the_text_or_with_the_paragraph():
    # Whole words alternate with line ends: only a window that crosses them can see both.
    lines = ["sun", "moon", "", "salt", "pepper", ""] * 400
    few = {"dim": 8, "window": 1, "epochs": 1, "min_count": 1, "subsample": 0}
    pairs = {}
    for unit in ("line", "paragraph"):
        reports = []
        learn(lines, **few, unit=unit, on_epoch=reports.append)
        pairs[unit] = reports[0].pairs
    # Two pairs a paragraph but for those that the edge of a batch cuts.
    assert pairs["line"] == 0
    assert 0.95 * 1600 < pairs["paragraph"] <= 1600


def test_rare_words_are_left_out_and_frequent_ones_thinned():
    texts = ["To be , or not to be : that is the question"] * 20 + ["Once"]
    reports = []
    vectors = learn(texts, dim=4, epochs=1, min_count=2, subsample=0, on_epoch=reports.append)
    assert vectors.words[:2] == ("be", "to")
    assert "once" not in vectors
    assert isinstance(vectors, WordVectors)
    assert vectors.matrix.shape == (10, 4)
    thinned = []
    three = learn(texts, dim=4, epochs=1, min_count=2, vocabulary_size=3, subsample=0.1, on_epoch=thinned.append)
    assert three.words == (*vectors.words[:2], ",")
    assert thinned[0].words == reports[0].words == 20 * 12 + 1
    assert thinned[0].pairs < 0.3 * reports[0].pairs


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"texts": "no/such/file.txt"}, FileNotFoundError, "no/such/file.txt: no such text file"),
        ({"texts": iter(["a b"])}, TypeError, "an iterator can be read only once"),
        ({"texts": tf.data.Dataset.range(3)}, TypeError, "must hold single strings"),
        ({"texts": ["a b c"]}, ValueError, "0 of the text's 3 words occur 5 times"),
        ({"texts": []}, ValueError, "0 of the text's 0 words"),
        ({"dim": 0}, ValueError, "dim is 0"),
        ({"window": 1.5}, ValueError, "window is 1.5"),
        ({"learning_rate": 0.0}, ValueError, "learning_rate=0.0"),
        ({"unit": "page"}, ValueError, "unit='page'"),
    ],
)
def test_what_cannot_be_learnt_from(arguments, error, message):
    with pytest.raises(error, match=message):
        learn(**{"texts": ["a b"] * 9, **arguments})
