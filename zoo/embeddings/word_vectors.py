"""Word vectors in memory: neighbours, similarity, analogies, files.

NumPy only. The memory is that of the matrix (400,000 words of 300 numbers: 480 MB) and of one block of scores: nothing
here copies the matrix, not even to normalise it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from zoo.embeddings.ranking import greatest
from zoo.embeddings.spelling import nearest_in_spelling
from zoo.embeddings.vectors import read_vectors
from zoo.embeddings.writing import write_vectors

_LOG = logging.getLogger(__name__)

_EPSILON = 0.001  # Levy & Goldberg (2014), section 6


class Neighbour(NamedTuple):
    """A word and how well it answers a question; the score is the cosine, or what an analogy maximises."""

    word: str
    score: float


class WordVectors:
    """Words and their vectors.

    Wherever a query is asked for, a word or a vector `[dimension]` may stand. Vectors of zeros have cosine 0 with
    everything.

    Attributes:
        words: The word of each row, in the order of their file: commonly the most frequent first.
        matrix: float32 `[words, dimension]`, read-only.
    """

    def __init__(self, words: Iterable[str], matrix: np.ndarray) -> None:
        """Takes words and vectors; a float32 matrix is not copied.

        Args:
            words: Distinct words.
            matrix: Finite numbers `[words, dimension]`.

        Raises:
            ValueError: The numbers differ, a word occurs twice, there is none, or a value is not finite.
        """
        self.words = tuple(words)
        self.matrix = np.asarray(matrix, np.float32).view()
        self.matrix.flags.writeable = False
        self._rows = {word: row for row, word in enumerate(self.words)}
        if self.matrix.ndim != 2 or len(self.words) != len(self.matrix) or not self.matrix.size:
            raise ValueError(f"{len(self.words)} words do not fit a matrix of shape {self.matrix.shape}")
        if len(self._rows) < len(self.words):
            twice = next(word for row, word in enumerate(self.words) if self._rows[word] != row)
            raise ValueError(f"the word {twice!r} occurs twice: every word has one vector")
        finite = np.isfinite(self.matrix.sum(axis=1, dtype=np.float64))  # as if asked of each value, without a copy
        if not finite.all():
            raise ValueError(f"the vector of {self.words[int(np.argmin(finite))]!r} has a value that is not finite")

    @classmethod
    def load(
        cls, path: str | Path, *, vocabulary: Iterable[str] | None = None, limit: int | None = None
    ) -> WordVectors:
        """Reads a file of word vectors.

        Args:
            path: GloVe text, word2vec text (fastText's `.vec`) or word2vec binary, gzipped or not.
            vocabulary: If given, only these words are loaded.
            limit: If given, at most this many words are loaded, from the file's beginning.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: The file is malformed or cut off (file and line, or byte), or no word of it is wanted.
        """
        rows: dict[str, int] = {}
        matrix, repeated = np.empty((0, 0), np.float32), 0
        for word, vector in read_vectors(path, vocabulary):
            if len(rows) == limit:
                break
            row = len(rows)
            if rows.setdefault(word, row) != row:
                repeated += 1
                continue
            if row == len(matrix):  # grows in its place: there are never two of it
                matrix.resize((row + row // 8 + 1024, len(vector)), refcheck=False)
            matrix[row] = vector
        if not rows:
            raise ValueError(f"{path}: the file holds no vector that is wanted")
        if repeated:
            _LOG.warning("%s: %d words occur more than once; the first vector of each is kept", path, repeated)
        matrix.resize((len(rows), matrix.shape[1]), refcheck=False)
        return cls(rows, matrix)

    def save(self, path: str | Path, *, binary: bool = False) -> None:
        """Writes a word2vec file, whole or not at all; numbers read back are the same to the last bit.

        Args:
            path: The file; it is gzipped if its name ends in `.gz`.
            binary: Whether to write word2vec's binary format: smaller, and ten times as quick to read.

        Raises:
            ValueError: A word holds white space or nothing at all, which these files have no way to write. `take` the
                others.
            OSError: The file cannot be written.
        """
        write_vectors(path, self.words, self.matrix, binary=binary)

    def __len__(self) -> int:
        """Returns the number of words."""
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        """Whether a word has a vector."""
        return word in self._rows

    def __getitem__(self, words: str | Sequence[str]) -> np.ndarray:
        """Returns the vector of a word, float32 `[dimension]`, or of several, `[words, dimension]`.

        Raises:
            ValueError: A word is unknown; the message names those of nearest spelling.
        """
        return self.matrix[self._row(words) if isinstance(words, str) else self._row_numbers(words)]

    def __repr__(self) -> str:
        """Returns the size in words."""
        return f"WordVectors({len(self)} words, {self.dimension} numbers each)"

    @property
    def dimension(self) -> int:
        """How many numbers each vector has."""
        return self.matrix.shape[1]

    def take(self, words: Iterable[str]) -> WordVectors:
        """Returns the vectors of some words, in the order given.

        Raises:
            ValueError: A word is unknown, or there is none.
        """
        words = list(words)
        return WordVectors(words, self.matrix[self._row_numbers(words)])

    def nearest(self, query: str | np.ndarray, k: int = 10) -> list[Neighbour]:
        """Returns the words whose vectors have the greatest cosine with the query's.

        Args:
            query: A word, which is not its own neighbour, or a vector `[dimension]`.
            k: How many; fewer if there are no more words.

        Returns:
            Neighbours, the nearest first.

        Raises:
            ValueError: The word is unknown, or the vector has another size.
        """
        queries = [query] if isinstance(query, str) else np.asarray(query)[None]
        return self._named(self.nearest_batch(queries, k))

    def nearest_batch(self, queries: Sequence[str] | np.ndarray, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """As `nearest`, for many queries at once.

        Args:
            queries: Words, none of which is its own neighbour, or vectors `[queries, dimension]`.
            k: How many for each.

        Returns:
            `(rows, scores)`: int64 and float32 `[queries, k]`; `words[row]` is a neighbour.

        Raises:
            ValueError: A word is unknown, or the vectors have another size.
        """
        if _are_vectors(queries):
            excluded = np.empty((len(queries), 0), np.int64)
        else:
            excluded = self._row_numbers(queries)[:, None]
        units = self._units(queries)
        return greatest(len(self), excluded, lambda block: self._cosines(units[block]), k)

    def similarity(self, a: str | np.ndarray, b: str | np.ndarray) -> float:
        """Returns the cosine of two words or vectors, in [-1, 1].

        Raises:
            ValueError: A word is unknown, or a vector has another size.
        """
        one, other = ([query] if isinstance(query, str) else np.asarray(query)[None] for query in (a, b))
        return float(self.similarities(one, other)[0])

    def similarities(self, a: Sequence[str] | np.ndarray, b: Sequence[str] | np.ndarray) -> np.ndarray:
        """Returns the cosine of each pair, float32 `[pairs]`.

        Raises:
            ValueError: A word is unknown, the vectors have another size, or there are not as many in `a` as in `b`.
        """
        one, other = self._units(a), self._units(b)
        if len(one) != len(other):
            raise ValueError(f"similarities are of pairs, but there are {len(one)} and {len(other)} queries")
        return np.einsum("ij,ij->i", one, other)

    def analogy(
        self, a: str, b: str, c: str, k: int = 5, *, method: Literal["add", "multiply"] = "add"
    ) -> list[Neighbour]:
        """Answers "a is to b as c is to ...": `analogy("man", "king", "woman")`.

        Levy & Goldberg (2014), "Linguistic regularities in sparse and explicit word representations":

            add       3CosAdd, equation 1: cos(x, b) - cos(x, a) + cos(x, c)
            multiply  3CosMul, equation 4: cos(x, b) cos(x, c) / (cos(x, a) + 0.001), each cosine as (1 + cos) / 2

        Args:
            a: What stands to `b`
            b: as
            c: stands to the answer. None of the three is the answer.
            k: How many answers.
            method: What is maximised.

        Returns:
            Answers, the best first, with what was maximised.

        Raises:
            ValueError: A word or the method is unknown.
        """
        return self._named(self.analogies([a], [b], [c], k, method=method))

    def analogies(
        self,
        a: Sequence[str],
        b: Sequence[str],
        c: Sequence[str],
        k: int = 5,
        *,
        method: Literal["add", "multiply"] = "add",
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `analogy`, for many at once.

        Returns:
            `(rows, scores)`: int64 and float32 `[questions, k]`.

        Raises:
            ValueError: A word or the method is unknown, or the three differ in length.
        """
        if not len(a) == len(b) == len(c):
            raise ValueError(f"analogies have three words each, but there are {len(a)}, {len(b)} and {len(c)}")
        if method not in ("add", "multiply"):
            raise ValueError(f"method is {method!r}; allowed: 'add', 'multiply'")
        excluded = np.stack([self._row_numbers(words) for words in (a, b, c)], axis=1)
        units = [self._units(words) for words in (a, b, c)]

        def add(block: slice) -> np.ndarray:
            return self._cosines(units[1][block] - units[0][block] + units[2][block])

        def multiply(block: slice) -> np.ndarray:
            to_a, to_b, to_c = ((1 + self._cosines(unit[block])) / 2 for unit in units)
            return to_b * to_c / (to_a + _EPSILON)

        return greatest(len(self), excluded, add if method == "add" else multiply, k)

    @cached_property
    def _inverse_norms(self) -> np.ndarray:
        """1 / length of each vector, float32 `[words]`; 0 where the vector is."""
        squares = np.einsum("ij,ij->i", self.matrix, self.matrix, dtype=np.float64)
        with np.errstate(divide="ignore"):
            return np.where(squares > 0, 1 / np.sqrt(squares), 0).astype(np.float32)

    def _cosines(self, units: np.ndarray) -> np.ndarray:
        """Returns the dot products of `units` `[queries, dimension]` with every word's unit vector."""
        scores = units @ self.matrix.T
        scores *= self._inverse_norms
        return scores

    def _named(self, answer: tuple[np.ndarray, np.ndarray]) -> list[Neighbour]:
        rows, scores = answer
        return [Neighbour(self.words[row], float(score)) for row, score in zip(rows[0], scores[0], strict=True)]

    def _units(self, queries: Sequence[str] | np.ndarray) -> np.ndarray:
        """Returns queries as vectors of length 1, float32 `[queries, dimension]`."""
        if not _are_vectors(queries):
            rows = self._row_numbers(queries)
            return self.matrix[rows] * self._inverse_norms[rows, None]
        if queries.ndim != 2 or queries.shape[1] != self.dimension:
            raise ValueError(f"queries of shape {queries.shape}; these vectors have {self.dimension} numbers each")
        queries = queries.astype(np.float32)
        norms = np.linalg.norm(queries, axis=1, keepdims=True)
        return np.divide(queries, norms, out=np.zeros_like(queries), where=norms > 0)

    def _row_numbers(self, words: Iterable[str]) -> np.ndarray:
        return np.fromiter(map(self._row, words), np.int64)

    def _row(self, word: str) -> int:
        row = self._rows.get(word)
        if row is None:
            raise ValueError(f"there is no vector for {word!r}{nearest_in_spelling(word, self.words)}")
        return row


def _are_vectors(queries: Sequence[str] | np.ndarray) -> bool:
    return isinstance(queries, np.ndarray) and queries.dtype.kind in "fiu"
