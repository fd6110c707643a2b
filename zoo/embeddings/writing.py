"""Writing word vectors in word2vec's text and binary formats."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.files import replacing

_BLANK = re.compile(r"[ \t\r\n]")


def write_vectors(path: str | Path, words: Sequence[str], matrix: np.ndarray, *, binary: bool = False) -> None:
    """Writes a word2vec file, whole or not at all.

    Text: `<words> <dimension>`, then a line a word with nine significant digits, by which a float32 is known exactly.
    Binary: the same first line, then of each word its text, a space, little-endian float32 and a line end.

    Args:
        path: The file; it is gzipped if its name ends in `.gz`.
        words: A word a row.
        matrix: float32 `[words, dimension]`.
        binary: Which of the two.

    Raises:
        ValueError: A word holds white space, is empty or is not valid Unicode: a reader could not find its end.
        OSError: The file cannot be written.
    """
    encoded = [_encode(word, row) for row, word in enumerate(words)]
    numbers = (" %.9g" * matrix.shape[1] + "\n").encode()
    with replacing(path) as temporary, _open(temporary) as stream:
        stream.write(b"%d %d\n" % matrix.shape)
        for word, vector in zip(encoded, matrix, strict=True):
            if binary:
                stream.write(word + b" " + vector.astype("<f4").tobytes() + b"\n")
            else:
                stream.write(word + numbers % tuple(vector.tolist()))


def _open(path: Path) -> gzip.GzipFile:
    return gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb")


def _encode(word: str, row: int) -> bytes:
    if not word or _BLANK.search(word):
        raise ValueError(f"word {row}, {word!r}, is empty or holds white space, which word2vec files cannot hold")
    try:
        return word.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"word {row}, {word!r}, is not valid Unicode: {error.reason}") from error
