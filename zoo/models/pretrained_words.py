"""Words that start from the file of vectors which a configuration names, whatever the task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import keras

from zoo.embeddings import start_from, words_with_vectors
from zoo.preprocessing.token_codec import UNKNOWN_WORD


class WordVectorsConfig(Protocol):
    """What a configuration says about its words; the one of every task does."""

    word_vectors: str | None
    vocabulary_size: int
    seed: int


def with_vector_words(
    words: Sequence[str], config: WordVectorsConfig, normal_form: Callable[[str], str], field: str = "word_dim"
) -> tuple[str, ...]:
    """Returns a vocabulary's words and, after them, the file's, until there are `vocabulary_size`.

    So a word that is met only after training has a vector too, if the file has one.

    Args:
        words: What was learnt from the training data.
        config: Names the file; where it names none, the words stay as they are.
        normal_form: How a word is looked up. Words of the file that are not in this form would never be found.
        field: The field that has the embeddings' size.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The vectors are not of so many numbers, or the file is malformed.
    """
    if config.word_vectors is None:
        return tuple(words)
    known = dict.fromkeys(words)
    for word in words_with_vectors(config.word_vectors, getattr(config, field), field):
        if len(known) >= config.vocabulary_size:
            break
        if normal_form(word) == word != UNKNOWN_WORD:
            known.setdefault(word)
    return tuple(known)


def fill_word_embedding(
    network: keras.Model, words: Sequence[str], config: WordVectorsConfig, counts: Sequence[int] | None = None
) -> None:
    """Fills the network's `word_embedding` from the file, if there is one, and logs how many words it has.

    Args:
        network: Has a `keras.layers.Embedding` of that name, whose last rows are the words'.
        words: The vocabulary.
        config: Names the file.
        counts: How often each word was seen in training, for the log.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is malformed.
    """
    if config.word_vectors is not None:
        fill_embeddings(network.get_layer("word_embedding"), words, config, counts)


def fill_embeddings(
    layer: keras.layers.Layer, words: Sequence[str], config: WordVectorsConfig, counts: Sequence[int] | None = None
) -> None:
    """Fills a layer's `embeddings`; see `fill_word_embedding`.

    Args:
        layer: A `keras.layers.Embedding` or `zoo.layers.Decoder`, whose last rows are the words'.
        words: The vocabulary.
        config: Names the file.
        counts: How often each word was seen in training, for the log.
    """
    if config.word_vectors is not None:
        start_from(layer, config.word_vectors, words, counts=counts, seed=config.seed)
