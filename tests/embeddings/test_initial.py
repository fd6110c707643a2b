import logging

import keras
import numpy as np
import pytest

from zoo.embeddings import WordVectors, coverage, embedding_matrix, start_from, words_with_vectors

WORDS = ["the", "wand", "Zürich", "東京", "1984"]
VECTORS = np.random.default_rng(7).normal(size=(5, 6)).astype(np.float32)


def as_text(words, vectors):
    return "".join(" ".join([w, *map(repr, v.tolist())]) + "\n" for w, v in zip(words, vectors, strict=True)).encode()


FILE = as_text(WORDS, VECTORS)


def test_matrix_rows_follow_the_vocabulary(vector_file):
    matrix, found = embedding_matrix(vector_file(FILE), ["[UNK]", "東京", "Wand", "the", "東京"])
    assert matrix.dtype == np.float32
    assert matrix.shape == (5, 6)
    assert found.tolist() == [False, True, True, True, True]
    np.testing.assert_array_equal(matrix[1:], VECTORS[[3, 1, 0, 3]])
    assert np.abs(matrix[0]).max() > 0


def test_lowercase_fallback_yields_to_the_exact_word(vector_file):
    for content in (b"apple 1 2\nApple 3 4\n", b"Apple 3 4\napple 1 2\n"):
        path = vector_file(content)
        matrix, found = embedding_matrix(path, ["Apple", "APPLE"])
        assert matrix.tolist() == [[3, 4], [1, 2]]
        _, found = embedding_matrix(path, ["Apple", "APPLE"], lowercase_fallback=False)
        assert found.tolist() == [True, False]


def test_of_a_duplicate_the_first_vector_counts(vector_file):
    matrix, _ = embedding_matrix(vector_file(b"owl 1 2\ncat 3 4\nowl 5 6\n"), ["owl"])
    assert matrix.tolist() == [[1, 2]]


def test_rows_not_found_have_the_scale_of_the_others_and_repeat_by_seed(vector_file):
    loud = 40 * np.random.default_rng(3).normal(size=(50, 20))
    path = vector_file(as_text([f"w{i}" for i in range(50)], loud))
    vocabulary = [f"w{i}" for i in range(50)] + [f"unknown{i}" for i in range(200)]
    matrix, found = embedding_matrix(path, vocabulary, seed=5)
    assert matrix[~found].std() == pytest.approx(matrix[found].std(), rel=0.1)
    assert matrix[~found].mean() == pytest.approx(0, abs=5)
    np.testing.assert_array_equal(matrix, embedding_matrix(path, vocabulary, seed=5)[0])
    assert not np.array_equal(matrix, embedding_matrix(path, vocabulary, seed=6)[0])


def test_nothing_found_and_an_empty_vocabulary(vector_file):
    path = vector_file(FILE)
    matrix, found = embedding_matrix(path, [f"unknown{i}" for i in range(500)])
    assert not found.any()
    assert matrix.std() == pytest.approx(6**-0.5, rel=0.1)
    matrix, found = embedding_matrix(path, [])
    assert matrix.shape == (0, 6)
    assert found.shape == (0,)


def test_vectors_in_memory_give_the_same_matrix_as_their_file(vector_file):
    path, vocabulary = vector_file(FILE), ["[UNK]", "東京", "Wand", "THE", "1984"]
    for fallback in (True, False):
        from_file = embedding_matrix(path, vocabulary, lowercase_fallback=fallback)
        in_memory = embedding_matrix(WordVectors.load(path), vocabulary, lowercase_fallback=fallback)
        np.testing.assert_array_equal(from_file[0], in_memory[0])
        np.testing.assert_array_equal(from_file[1], in_memory[1])


def test_coverage_counts_words_and_occurrences():
    found = np.array([True, False, True, False])
    report = coverage(["the", "qua", "owl", "zyx"], found, counts=[90, 6, 3, 1])
    assert report == (4, 2, pytest.approx(0.93), ("qua", "zyx"))
    assert str(report) == "vectors for 2 of 4 words (50.0%), 93.0% of occurrences; the first without: 'qua', 'zyx'"
    assert str(coverage(["the"], np.array([True]))) == "vectors for 1 of 1 words (100.0%)"
    assert str(coverage([], np.zeros(0, bool), [])) == "vectors for 0 of 0 words (0.0%), 0.0% of occurrences"


def test_a_layer_starts_from_vectors(vector_file, caplog):
    layer = keras.layers.Embedding(6, 6, trainable=False, name="words")
    layer.build()
    caplog.set_level(logging.INFO, "zoo.embeddings")
    report = start_from(layer, vector_file(FILE), ["the", "東京", "xyz", "Wand"], counts=[5, 3, 1, 1])
    rows = np.asarray(layer.embeddings)
    np.testing.assert_array_equal(rows[:2], 0)
    np.testing.assert_array_equal(rows[[2, 3, 5]], VECTORS[[0, 3, 1]])
    assert np.abs(rows[4]).max() > 0
    assert not layer.trainable
    assert report == (4, 3, pytest.approx(0.9), ("xyz",))
    assert "vectors for 3 of 4 words (75.0%), 90.0% of occurrences" in caplog.text


def test_a_layer_that_the_vectors_do_not_fit(vector_file):
    layer = keras.layers.Embedding(3, 8, name="words")
    layer.build()
    with pytest.raises(ValueError, match="holds vectors of 6 numbers: set the layer's output_dim=6"):
        start_from(layer, vector_file(FILE), ["the"])
    with pytest.raises(ValueError, match="layer 'words' has 3 rows, the vocabulary 4 words"):
        start_from(layer, WordVectors(["a"], np.ones((1, 8))), ["a", "b", "c", "d"])


def test_words_with_vectors_come_in_order_after_the_size_was_checked(vector_file):
    path = vector_file(FILE)
    assert list(words_with_vectors(path, 6)) == WORDS
    assert list(words_with_vectors(WordVectors.load(path), 6)) == WORDS
    for vectors in (path, WordVectors.load(path)):
        with pytest.raises(ValueError, match="holds vectors of 6 numbers: set word_dim=6"):
            words_with_vectors(vectors, 100)
