"""Word embeddings: pretrained vectors from the files that are in use."""

from zoo.embeddings.vectors import embedding_matrix, read_vectors

__all__ = ["embedding_matrix", "read_vectors"]
