"""Starting a model's embeddings from word vectors, whatever the model: the matrix, and how much of it was found."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zoo.embeddings.vectors import read_vectors, read_words, vector_dimension
from zoo.embeddings.word_vectors import WordVectors

if TYPE_CHECKING:
    import keras

_LOG = logging.getLogger(__name__)

Source = str | Path | WordVectors


class Coverage(NamedTuple):
    """How much of a vocabulary has vectors; as text, one line for a log.

    Attributes:
        words: Words of the vocabulary.
        found: Words that have a vector.
        occurrences: Share of the training data's words that have one, in [0, 1]; None where the counts are not known.
        missing: The first words of the vocabulary, ten at most, that have none: in the usual order the most frequent.
    """

    words: int
    found: int
    occurrences: float | None
    missing: tuple[str, ...]

    def __str__(self) -> str:
        """Returns, for instance: `vectors for 3 of 4 words (75.0%), 99.1% of occurrences; the first without: 'qua'`."""
        line = f"vectors for {self.found} of {self.words} words ({self.found / max(self.words, 1):.1%})"
        if self.occurrences is not None:
            line += f", {self.occurrences:.1%} of occurrences"
        return line + (f"; the first without: {', '.join(map(repr, self.missing))}" if self.missing else "")


def embedding_matrix(
    vectors: Source, vocabulary: Sequence[str], *, lowercase_fallback: bool = True, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Makes the matrix of an embedding layer from word vectors.

    A file is streamed: memory holds the matrix, never the file. Words without a vector are drawn from a normal
    distribution with mean 0 and the standard deviation of the values that were found (`1 / sqrt(dimension)` if none
    was), so that they are no louder than the others. What a row is filled with depends on the seed and the row's index
    only. Of a word that occurs twice in a file the first vector counts.

    Args:
        vectors: Word vectors, or their file: GloVe text, word2vec text or word2vec binary, gzipped or not.
        vocabulary: The word of each row; whatever the vectors cannot have (`""`, `"[UNK]"`) is simply not found.
        lowercase_fallback: Whether a word that has no vector takes the one of its lower-case form (`"Wand"` that of
            `"wand"`).
        seed: Seed of the rows that were not found.

    Returns:
        `(matrix, found)`: float32 `[len(vocabulary), dimension]` and bool `[len(vocabulary)]`, true where the row is a
        vector that was found.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: As `read_vectors`.
    """
    exact, lowered = defaultdict(list), defaultdict(list)
    for row, word in enumerate(vocabulary):
        exact[word].append(row)
        if lowercase_fallback and word.lower() != word:
            lowered[word.lower()].append(row)

    shape = (len(vocabulary), _dimension(vectors))
    matrix = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    found_exactly, found = np.zeros(len(vocabulary), bool), np.zeros(len(vocabulary), bool)
    seen = set()
    for word, vector in _pairs(vectors, {*exact, *lowered}):
        if word in seen:
            continue
        seen.add(word)
        rows = exact.get(word, [])
        found_exactly[rows] = True
        rows = rows + [row for row in lowered.get(word, []) if not found_exactly[row]]
        found[rows] = True
        matrix[rows] = vector

    matrix[~found] *= matrix[found].std() if found.any() else shape[1] ** -0.5
    return matrix, found


def coverage(vocabulary: Sequence[str], found: np.ndarray, counts: Sequence[int] | None = None) -> Coverage:
    """Says how many words have vectors.

    Args:
        vocabulary: Words, the most frequent first.
        found: Bool `[len(vocabulary)]`, as `embedding_matrix` returns it.
        counts: How often each word is met in training, where known.
    """
    missing = tuple(vocabulary[row] for row in np.flatnonzero(~found)[:10])
    share = None
    if counts is not None:
        weights = np.asarray(counts, np.float64)
        share = float(weights[found].sum() / max(weights.sum(), 1.0))
    return Coverage(len(vocabulary), int(found.sum()), share, missing)


def start_from(
    layer: keras.layers.Embedding,
    vectors: Source,
    vocabulary: Sequence[str],
    *,
    counts: Sequence[int] | None = None,
    lowercase_fallback: bool = True,
    seed: int = 0,
) -> Coverage:
    """Fills an embedding layer with word vectors, and logs how many of its words have one.

    The layer's last `len(vocabulary)` rows become the words'; the rows before them (padding, unknown) become zeros.
    Whether the layer is trained further is its own `trainable`, which is left alone.

    Args:
        layer: A built `keras.layers.Embedding`, or any layer with its `embeddings` [rows, dimension].
        vectors: As in `embedding_matrix`.
        vocabulary: The word of each row after the reserved ones.
        counts: How often each word is met in training, for the report.
        lowercase_fallback: As in `embedding_matrix`.
        seed: As in `embedding_matrix`.

    Returns:
        How much of the vocabulary was found.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The vectors have another size than the layer, the layer fewer rows than there are words; or as
            `read_vectors`.
    """
    rows, dimension = layer.embeddings.shape
    _check_dimension(vectors, dimension, "the layer's output_dim")
    if rows < len(vocabulary):
        raise ValueError(f"layer {layer.name!r} has {rows} rows, the vocabulary {len(vocabulary)} words")
    matrix, found = embedding_matrix(vectors, vocabulary, lowercase_fallback=lowercase_fallback, seed=seed)
    layer.embeddings.assign(np.concatenate([np.zeros((rows - len(vocabulary), dimension), np.float32), matrix]))
    report = coverage(vocabulary, found, counts)
    _LOG.info("%s: %s", _name(vectors), report)
    return report


def words_with_vectors(vectors: Source, dimension: int, field: str = "word_dim") -> Iterator[str]:
    """Streams the words that have vectors, after checking the vectors' size.

    For a vocabulary that is to hold words which training does not show but whose vectors are known.

    Args:
        vectors: As in `embedding_matrix`.
        dimension: The size that the model's embeddings have.
        field: What the message tells the user to set if the vectors have another.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The vectors have another size; or as `read_words`.
    """
    _check_dimension(vectors, dimension, field)
    return iter(vectors.words) if isinstance(vectors, WordVectors) else read_words(vectors)


def _check_dimension(vectors: Source, dimension: int, field: str) -> None:
    if (actual := _dimension(vectors)) != dimension:
        raise ValueError(f"{_name(vectors)} holds vectors of {actual} numbers: set {field}={actual}")


def _dimension(vectors: Source) -> int:
    return vectors.dimension if isinstance(vectors, WordVectors) else vector_dimension(vectors)


def _name(vectors: Source) -> str:
    return repr(vectors) if isinstance(vectors, WordVectors) else str(vectors)


def _pairs(vectors: Source, wanted: Iterable[str]) -> Iterable[tuple[str, np.ndarray]]:
    if isinstance(vectors, WordVectors):
        return ((word, vectors[word]) for word in wanted if word in vectors)
    return read_vectors(vectors, wanted)
