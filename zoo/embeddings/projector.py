"""Word vectors for TensorBoard's embedding projector."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.embeddings.word_vectors import WordVectors
from zoo.files import replacing

_LOG = logging.getLogger(__name__)
_CONFIG = "projector_config.pbtxt"
_NAME = re.compile(r"[\w.-]+")
_SHOWN_WHOLE = 100_000  # the projector's own page takes a random sample of more


def write_projector(
    vectors: WordVectors,
    logdir: str | Path,
    *,
    name: str = "words",
    columns: Mapping[str, Sequence] | None = None,
) -> None:
    """Writes what `tensorboard --logdir <logdir>` shows under "Projector".

    `<name>.vectors.tsv` (a vector a line), `<name>.metadata.tsv` (its word) and `projector_config.pbtxt`, which names
    the two; other vectors that the folder's configuration names stay in it. Each file is written whole or not at all,
    the configuration last.

    Args:
        vectors: What to show; `vectors.take(words)` shows some only.
        logdir: The folder; it is made where it is missing.
        name: What the vectors are called on the page: letters, digits, `_`, `.` and `-`.
        columns: Further things to know of each word, by their names, to search and to colour by.

    Raises:
        ValueError: The name is not allowed, a column has not one value a word, or the folder's configuration is not
            one.
        OSError: A file cannot be written.
    """
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    if not _NAME.fullmatch(name):
        raise ValueError(f"name is {name!r}; allowed: letters, digits, '_', '.' and '-', since files are called by it")
    columns = dict(columns or {})
    if wrong := next((column for column, values in columns.items() if len(values) != len(vectors)), None):
        raise ValueError(f"column {wrong!r} has {len(columns[wrong])} values, but there are {len(vectors)} words")
    if len(vectors) > _SHOWN_WHOLE:
        _LOG.warning("%d words: the projector shows a sample of %d; take() fewer", len(vectors), _SHOWN_WHOLE)

    logdir, config = Path(logdir), ProjectorConfig()
    if (path := logdir / _CONFIG).exists():
        try:
            text_format.Parse(path.read_text(encoding="utf-8"), config)
        except text_format.ParseError as error:
            raise ValueError(f"{path}: this is not a configuration of the projector: {error}") from error
    kept = [embedding for embedding in config.embeddings if embedding.tensor_name != name]
    del config.embeddings[:]
    config.embeddings.extend(kept)
    entry = config.embeddings.add(
        tensor_name=name, tensor_path=f"{name}.vectors.tsv", metadata_path=f"{name}.metadata.tsv"
    )
    entry.tensor_shape.extend(vectors.matrix.shape)

    _write_matrix(logdir / entry.tensor_path, vectors.matrix)
    _write_metadata(logdir / entry.metadata_path, vectors.words, columns)
    with replacing(path) as temporary:
        temporary.write_text(text_format.MessageToString(config), encoding="utf-8")


def _write_matrix(path: Path, matrix: np.ndarray) -> None:
    line = "\t".join(["%.9g"] * matrix.shape[1]) + "\n"
    with replacing(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as stream:
        stream.writelines(line % tuple(vector.tolist()) for vector in matrix)


def _write_metadata(path: Path, words: Sequence[str], columns: Mapping[str, Sequence]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as stream:
        if columns:  # the page takes the first line of a single column for a word already
            stream.write("\t".join(map(_cell, ["word", *columns])) + "\n")
        for row in zip(words, *columns.values(), strict=True):
            stream.write("\t".join(map(_cell, row)) + "\n")


def _cell(value: object) -> str:
    """Returns text without what ends a cell or a line; an empty line would be no word."""
    text = str(value).encode(errors="replace").decode()
    return " ".join(text.split()) or "(blank)"
