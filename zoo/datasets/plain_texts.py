"""Texts as they stand in files: whole, a line or a paragraph at a time."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from zoo.datasets.lines import decoded, opened

if TYPE_CHECKING:
    import tensorflow as tf

_logger = logging.getLogger(__name__)

Per = Literal["file", "line", "paragraph"]
_SUFFIXES = (".txt", ".txt.gz", ".text", ".md")


def read_plain_texts(path: str | os.PathLike, *, per: Per = "file") -> tf.data.Dataset:
    """Reads texts without labels as a dataset of single raw records.

    Args:
        path: A UTF-8 text file, gzipped or not; or a folder, whose text files are read in the order of their names.
        per: What one text is: a `file`, a `line`, or a `paragraph` (between blank lines). Blank ones are left out, and
            lines lose the white space at their ends.

    Returns:
        A dataset of known cardinality of `{"text": tf.string []}`.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If there is no text in it, or it is not UTF-8; the message begins with the file and the line. Or if
            `per` is something else.
    """
    if per not in get_args(Per):
        raise ValueError(f"per={per!r}; allowed: {', '.join(map(repr, get_args(Per)))}")
    path = Path(path)
    files = _files(path)
    texts = [text for file in files for text in _texts(file, per)]
    if not texts:
        raise ValueError(f"{path}: there is no text in it")
    return from_plain_texts(texts)


def from_plain_texts(texts: Sequence[str]) -> tf.data.Dataset:
    """Makes a dataset of texts that are in memory.

    Args:
        texts: The texts; an empty one is a text that ends at once.

    Returns:
        A dataset of single records, in order, of `{"text": tf.string []}`.

    Raises:
        ValueError: If there are no texts.
        TypeError: If a text is no string.
    """
    import tensorflow as tf

    texts = list(texts)
    if not texts:
        raise ValueError("no texts; give at least one")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"text {index} (from 0) is {text!r}; give a string")
    return tf.data.Dataset.from_tensor_slices({"text": [text.encode(errors="replace") for text in texts]})


def last_tenth(records: tf.data.Dataset) -> tuple[tf.data.Dataset, tf.data.Dataset]:
    """Splits off the last tenth of all characters, as is usual for one long text; a text is cut in two for it.

    Args:
        records: Single records with `text`.

    Returns:
        Records of the first nine tenths, and of the last.

    Raises:
        ValueError: There are fewer than ten characters.
    """
    texts = [record["text"].decode("utf-8", "replace") for record in records.as_numpy_iterator()]
    keep = int(0.9 * sum(map(len, texts)))
    first, last = [], []
    for text in texts:
        first.append(text[:keep])
        last.append(text[keep:])
        keep -= min(keep, len(text))
    first, last = [text for text in first if text], [text for text in last if text]
    if not first or not last:
        raise ValueError("the texts are too short to hold out their last tenth: give a validation file")
    return from_plain_texts(first), from_plain_texts(last)


def without_labels(records: tf.data.Dataset) -> tf.data.Dataset:
    """Keeps the text of each record alone."""
    from zoo.preprocessing.batching import mapped_in_place

    return mapped_in_place(records, lambda record: {"text": record["text"]})


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder")
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.name.lower().endswith(_SUFFIXES))
    if not files:
        raise ValueError(f"{path}: there is no text file in it ({', '.join(_SUFFIXES)})")
    return files


def _texts(file: Path, per: Per) -> Iterator[str]:
    """Cuts a file into texts that are not blank."""
    text = _read(file)
    if per == "line":
        yield from (line.strip() for line in text.split("\n") if line.strip())
    elif per == "paragraph":
        yield from (part.strip("\n") for part in re.split(r"\n\s*\n", text) if part.strip())
    elif text.strip():
        yield text
    else:
        _logger.warning("%s: blank, left out", file)


def _read(file: Path) -> str:
    """Returns a file's text, with line feeds alone as line ends."""
    with opened(file) as unpacked:
        return "".join(decoded(file, unpacked)).replace("\r\n", "\n")
