"""Words that start from a file of vectors."""

import keras
import numpy as np
import pytest

from zoo.config.classifier import ClassifierConfig
from zoo.models.pretrained_words import fill_word_embedding, with_vector_words


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "vectors.txt"
    file.write_text("b 1 2\nC 3 4\nd 5 6\ne 7 8\n")
    return str(file)


def config(path, **overrides):
    return ClassifierConfig(**{"word_vectors": path, "word_dim": 2, **overrides})


def test_the_words_of_the_file_come_after_those_of_training(path):
    assert with_vector_words(["a", "b"], config(path), str.lower) == ("a", "b", "d", "e")  # C is never looked up
    assert with_vector_words(["a", "b"], config(path), str) == ("a", "b", "C", "d", "e")
    assert with_vector_words(["a", "b"], config(path, vocabulary_size=3), str.lower) == ("a", "b", "d")
    assert with_vector_words(["a", "b"], config(None), str.lower) == ("a", "b")


def test_vectors_of_another_size_are_refused_whatever_room_there_is(path):
    with pytest.raises(ValueError, match="set word_dim=2"):
        with_vector_words(["a"], config(path, vocabulary_size=1, word_dim=3), str)


def test_the_layer_is_filled_only_where_a_file_is_named(path):
    ids = keras.Input([None], dtype="int32")
    network = keras.Model(ids, keras.layers.Embedding(4, 2, name="word_embedding")(ids))
    before = network.get_layer("word_embedding").embeddings.numpy()
    fill_word_embedding(network, ["b", "d"], config(None))
    np.testing.assert_array_equal(network.get_layer("word_embedding").embeddings, before)
    fill_word_embedding(network, ["b", "d"], config(path))
    np.testing.assert_array_equal(network.get_layer("word_embedding").embeddings, [[0, 0], [0, 0], [1, 2], [5, 6]])
