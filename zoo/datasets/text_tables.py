"""Reads tables of texts and labels: TSV and CSV, gzipped or not, with or without a header.

Which format a file has is read from its content: a file with a tab in its first line is TSV, where nothing is quoted
and a record is a line; any other is CSV as Python's `csv` reads it, where a quoted text may hold line breaks. A file is
read twice or more, never as a whole: once to check every row, then once an epoch. This module needs no TensorFlow.
"""

import csv
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from zoo.datasets.lines import decoded, opened

_TEXT_NAMES = ("text", "sentence", "review", "content", "comment", "tweet", "body", "message")
_LABEL_NAMES = ("label", "sentiment", "class", "category", "rating", "stars", "score", "target", "polarity", "y")
_JUDGED = 200  # rows that tell which column is which
_LONGEST_FIELD = 1 << 24


class Table(NamedTuple):
    """How a file's rows are read.

    Attributes:
        path: The file.
        tabs: Whether it is TSV.
        columns: How many columns it has.
        header: Whether the first row names them.
        text: Index of the column of texts.
        label: Index of the column of labels.
    """

    path: str
    tabs: bool
    columns: int
    header: bool
    text: int
    label: int


def find_columns(
    path: str | os.PathLike,
    text_column: int | str | None = None,
    label_column: int | str | None = None,
    header: bool | None = None,
) -> Table:
    """Finds out how a file's rows are to be read.

    Args:
        path: The file.
        text_column: The column of texts, by its name in the header or its index (from 0); None finds it: by a customary
            name, else the one whose values are longest.
        label_column: The column of labels, likewise; the one with the fewest different values.
        header: Whether the first row names the columns; None finds out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is empty, or there are no such columns; the message says where and what to do.
    """
    path = os.fspath(path)
    with opened(path) as file:
        tabs = b"\t" in file.readline(_LONGEST_FIELD)
    numbered = list(islice(_rows(path, tabs), _JUDGED))
    if not numbered:
        raise ValueError(f"{path}: the file is empty; name a file with a text and a label a row")
    line, first = numbered[0]
    if len(first) == 1:
        raise ValueError(
            f"{path}:{line}: only one column; expected a text and a label, separated by a tab, or by a comma with the "
            "text in double quotes"
        )
    names = [cell.strip().lower() for cell in first]
    if header is None:
        by_name = isinstance(text_column, str) or isinstance(label_column, str)
        known = any(name in _TEXT_NAMES for name in names) and any(name in _LABEL_NAMES for name in names)
        header = by_name or known
    rows = [row for _, row in numbered[header:]]
    if not rows:
        raise ValueError(f"{path}:{line}: there is nothing after the header; name a file with a text and a label a row")
    rows = [row for row in rows if len(row) == len(first)] or [first]  # the others are told when they are read
    label = _column(path, line, names, header, "label_column", label_column)
    text = _column(path, line, names, header, "text_column", text_column)
    if label is None:
        label = _found(names if header else [], _LABEL_NAMES, text, _fewest_values(rows, text))
    if text is None:
        text = _found(names if header else [], _TEXT_NAMES, label, _longest_values(rows, label))
    if text == label:
        raise ValueError(f"{path}:{line}: text_column and label_column are both column {text}; name two columns")
    return Table(path, tabs, len(first), bool(header), text, label)


def iterate(table: Table) -> Iterator[tuple[int, str, str]]:
    """Reads the records of a file: (line, text, label), stripped.

    Raises:
        ValueError: A row has another number of columns, or an empty text or label; `path:line: what is wrong`.
    """
    rows = _rows(table.path, table.tabs)
    for line, row in islice(rows, int(table.header), None):
        if len(row) != table.columns:
            separated = (
                "tabs; a text must hold none" if table.tabs else "commas; put texts that hold one in double quotes"
            )
            raise ValueError(
                f"{table.path}:{line}: {len(row)} columns, but the first row has {table.columns} "
                f"(separated by {separated})"
            )
        text, label = row[table.text].strip(), row[table.label].strip()
        if not text or not label:
            raise ValueError(
                f"{table.path}:{line}: the {'label' if text else 'text'} "
                f"(column {table.label if text else table.text}) is empty; fill it in or remove the row"
            )
        yield line, text, label


def _rows(path: str, tabs: bool) -> Iterator[tuple[int, list[str]]]:
    """All rows that are not blank, with the number of the line on which each begins."""
    with opened(path) as file:
        lines = decoded(path, file)
        if tabs:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n").split("\t")
            return
        csv.field_size_limit(_LONGEST_FIELD)
        reader, began = csv.reader(lines, strict=True, skipinitialspace=True), 1
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield began, row
                began = reader.line_num + 1
        except csv.Error as error:
            raise ValueError(
                f"{path}:{began}: not a row of CSV ({error}); double every double quote inside a quoted text"
            ) from error


def _column(
    path: str, line: int, names: Sequence[str], header: bool, which: str, wanted: int | str | None
) -> int | None:
    """The index of a column that was named, or None."""
    if wanted is None:
        return None
    if isinstance(wanted, str) and wanted.strip().lower() in names and header:
        return names.index(wanted.strip().lower())
    if isinstance(wanted, int) and -len(names) <= wanted < len(names):
        return wanted % len(names)
    there = f"its columns are {', '.join(names)}" if header else f"it has columns 0 to {len(names) - 1} and no header"
    raise ValueError(f"{path}:{line}: {which}={wanted!r}, but {there}")


def _found(names: Sequence[str], customary: Sequence[str], taken: int | None, otherwise: int) -> int:
    """The column with a customary name, or else the one that its values speak for."""
    for name in customary:
        if name in names and names.index(name) != taken:
            return names.index(name)
    return otherwise


def _longest_values(rows: Sequence[Sequence[str]], taken: int | None) -> int:
    return max(
        (c for c in range(len(rows[0])) if c != taken), key=lambda c: sum(len(row[c]) for row in rows), default=0
    )


def _fewest_values(rows: Sequence[Sequence[str]], taken: int | None) -> int:
    """The column with the fewest different values, but more than one if there is such; of several the shortest."""

    def judged(column: int) -> tuple[bool, int, int]:
        values = {row[column] for row in rows}
        return len(values) == 1 and len(rows) > 1, len(values), sum(map(len, values))

    return min((c for c in range(len(rows[0])) if c != taken), key=judged, default=0)
