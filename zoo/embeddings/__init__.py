"""Word embeddings: vectors from files or learnt from a text; neighbours, analogies, pictures; a start for any model.

Importing this package is cheap, and so is everything but `learn`: only that loads TensorFlow.
"""

from typing import Any

from zoo.embeddings.initial import Coverage, coverage, embedding_matrix, start_from, words_with_vectors
from zoo.embeddings.projector import write_projector
from zoo.embeddings.tsne import picture
from zoo.embeddings.vectors import read_vectors, read_words
from zoo.embeddings.word_vectors import Neighbour, WordVectors

__all__ = [
    "Coverage",
    "Neighbour",
    "WordVectors",
    "coverage",
    "embedding_matrix",
    "learn",
    "picture",
    "read_vectors",
    "read_words",
    "start_from",
    "words_with_vectors",
    "write_projector",
]


def __getattr__(name: str) -> Any:
    if name == "learn":
        from zoo.embeddings.skip_gram import learn

        return learn
    raise AttributeError(f"module 'zoo.embeddings' has no attribute {name!r}")
