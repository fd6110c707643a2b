"""Reads labelled texts: a table (TSV, CSV, gzipped or not), or a folder with a folder of text files a class."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from zoo.datasets import text_tables

if TYPE_CHECKING:
    import tensorflow as tf

_logger = logging.getLogger(__name__)

_UNLABELLED = "unsup"  # the folder of the Large Movie Review Dataset whose texts have no label
_MOST_LABELS = 1000
_SURE = 20  # records after which a label that only the first row has looks like the name of a column

Located = tuple[str, str, str]  # place, text, label


def read_texts(
    path: str | os.PathLike,
    *,
    text_column: int | str | None = None,
    label_column: int | str | None = None,
    header: bool | None = None,
    labels: Sequence[str] | None = None,
) -> "tf.data.Dataset":
    """Reads labelled texts as a dataset of single raw records.

    Args:
        path: A TSV or CSV file, gzipped or not; or a folder in which each class has a folder of UTF-8 text files, as
            `aclImdb/train` (its `unsup`, which has no labels, is left out, with a warning).
        text_column: The table's column of texts, by name or index; None finds it.
        label_column: The column of labels, likewise.
        header: Whether the first row names the columns; None finds out.
        labels: The only labels that may occur; None allows any, and then there must be two or more.

    Returns:
        A dataset of known cardinality of `{"text": tf.string [], "label": tf.string []}`: a table's rows in order, a
        folder's texts with the classes mixed evenly.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If it is empty or malformed, has a label that is not allowed, or only one label; the message begins
            with the file and, for a table, the line.
    """
    return _scanned(Path(path), text_column, label_column, header, labels).dataset()


class Reader:
    """Reads the files of one run: the first, which is learnt from, says what columns and labels the others have."""

    def __init__(
        self, *, text_column: int | str | None = None, label_column: int | str | None = None, header: str = "auto"
    ) -> None:
        """Remembers how the files are laid out.

        Args:
            text_column: As for `read_texts`; digits in a string are an index.
            label_column: Likewise.
            header: `auto`, `yes` or `no`.
        """
        self._text, self._label = (
            int(column) if isinstance(column, str) and column.isdecimal() else column
            for column in (text_column, label_column)
        )
        self._header = {"yes": True, "no": False, "auto": None}[header]
        self._labels: tuple[str, ...] | None = None

    def __call__(self, path: str | os.PathLike) -> "tf.data.Dataset":
        """Reads a file as `read_texts` does."""
        found = _scanned(Path(path), self._text, self._label, self._header, self._labels)
        if self._labels is None:
            self._labels = found.labels
            if found.table is not None and self._text is None and self._label is None:
                self._text, self._label = found.table.text, found.table.label
        return found.dataset()


class _Scanned(NamedTuple):
    """What one pass found."""

    records: Callable[[], Iterable[Located]]
    count: int
    labels: tuple[str, ...]
    table: text_tables.Table | None

    def dataset(self) -> "tf.data.Dataset":
        from zoo.datasets.labelled_texts import from_stream

        return from_stream(lambda: ((text, label) for _, text, label in self.records()), self.count)


def _scanned(
    path: Path,
    text_column: int | str | None,
    label_column: int | str | None,
    header: bool | None,
    allowed: Sequence[str] | None,
) -> _Scanned:
    """Checks every record once."""
    if path.is_dir():
        table, records = None, partial(_texts, _files(path))
    else:
        table = text_tables.find_columns(path, text_column, label_column, header)
        records = partial(_rows, table)
    counts: Counter[str] = Counter()
    for place, _, label in records():
        counts[label] += 1
        if allowed is not None and label not in allowed:
            raise ValueError(
                f"{place}: the label {label!r} does not occur in the training data, which has "
                f"{', '.join(sorted(allowed)[:10])}; correct or remove it"
            )
        if len(counts) > _MOST_LABELS:
            raise ValueError(f"{place}: more than {_MOST_LABELS} different labels so far; name the label column")
    if not counts:
        raise ValueError(f"{path}: there is no record in it; name a file with a text and a label a row")
    if table is not None and header is None and not table.header:
        _ask_about_header(next(iter(records())), counts)
    if len(counts) == 1 and allowed is None:
        (only,) = counts
        raise ValueError(
            f"{path}: all {counts[only]} records have the label {only!r}: there is nothing to tell apart; name the "
            "label column, or add records of another class"
        )
    return _Scanned(records, sum(counts.values()), tuple(sorted(counts)), table)


def _ask_about_header(first: Located, counts: Counter) -> None:
    """Asks where a label that only the first row has looks like the name of a column."""
    place, _, label = first
    others = [count for name, count in counts.items() if name != label]
    if counts[label] == 1 and sum(others) >= _SURE and min(others) > 1:
        raise ValueError(
            f"{place}: the label {label!r} occurs in the first row only: say header=yes if that row names the columns, "
            "and header=no if not"
        )


def _rows(table: text_tables.Table) -> Iterator[Located]:
    return ((f"{table.path}:{line}", text, label) for line, text, label in text_tables.iterate(table))


def _files(folder: Path) -> list[tuple[Path, str]]:
    """The text files of all classes, mixed evenly, each with its class."""
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if any(entry.name == _UNLABELLED for entry in classes):
        _logger.warning("%s: its texts have no label and are left out", folder / _UNLABELLED)
        classes = [entry for entry in classes if entry.name != _UNLABELLED]
    placed = []
    for entry in classes:
        texts = sorted(entry.glob("*.txt"))
        if not texts:
            raise ValueError(f"{entry}: there is no .txt file in it; each class needs a folder of its texts")
        # The k-th of n files stands at (k + 1/2) / n, whichever the class: so every stretch has all classes.
        placed += [((k + 0.5) / len(texts), entry.name, path) for k, path in enumerate(texts)]
    if not placed:
        raise ValueError(
            f"{folder}: there is no folder in it; each class needs a folder of its texts, such as pos and neg"
        )
    return [(path, name) for _, name, path in sorted(placed)]


def _texts(files: Iterable[tuple[Path, str]]) -> Iterator[Located]:
    for path, label in files:
        try:
            text = path.read_text(encoding="utf-8-sig").strip()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}: byte {error.object[error.start]:#04x} is not UTF-8; convert it: iconv -f LATIN1 -t UTF-8"
            ) from None
        if not text:
            raise ValueError(f"{path}: the text is empty; remove the file")
        yield str(path), text, label
