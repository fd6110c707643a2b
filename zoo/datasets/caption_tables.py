"""Reads tables of captions, and lists of images, of several forms. This module needs no TensorFlow."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from zoo.datasets.lines import numbered_lines
from zoo.datasets.problems import Problems

_NUMBERED = re.compile(r"(.+)#(\d+)")
_NAME_COLUMNS = ("image", "image_name", "name", "file")


class Captioned(NamedTuple):
    """What a table says of an image.

    Attributes:
        line: Where it is first spoken of.
        texts: Its captions.
    """

    line: int
    texts: list[str]


def read_table(path: Path, problems: Problems) -> dict[str, Captioned]:
    """Reads the captions of all images, by name, in the table's order.

    Args:
        path: `name TAB number TAB caption`, `name#number TAB caption`, or CSV whose first row names its columns.
        problems: What hears of captions that are empty or repeated.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The table is empty or malformed; `path:line: what is wrong`.
    """
    table: dict[str, Captioned] = {}
    numbers: set[tuple[str, str]] = set()
    for line, name, number, text in _rows(path):
        if not holds_a_word(text):
            what = f"the caption of {name} is empty" if not text else f"the caption of {name} has no word: {text}"
            problems.found("captions without a text", f"{path}:{line}", what, "fill it in")
            continue
        if number is not None and (name, number) in numbers:
            what = f"a second caption {number} of {name}"
            problems.found("repeated captions", f"{path}:{line}", what, "number or remove it")
            continue
        numbers.add((name, number))
        table.setdefault(name, Captioned(line, [])).texts.append(text)
    if not table:
        raise ValueError(f"{path}: there is no caption in it; name a table with an image and a caption a row")
    return table


def _rows(path: Path) -> Iterator[tuple[int, str, str | None, str]]:
    """All rows: line, name, number of the caption if there is one, caption."""
    top, first = next(_lines(path), (1, ""))
    if "\t" in first:
        for line, text in _lines(path):
            yield line, *_split(path, line, text)
        return
    columns = [cell.strip().lower() for cell in next(csv.reader([first]), [])]
    image = next((columns.index(name) for name in _NAME_COLUMNS if name in columns), None)
    if image is None or "caption" not in columns:
        raise ValueError(
            f"{path}:{top}: expected `name TAB number TAB caption`, `name#number TAB caption`, or CSV whose first row "
            f"is `image,caption`; found {first.strip()[:80]!r}"
        )
    if repeated := [name for name in (columns[image], "caption") if columns.count(name) > 1]:
        raise ValueError(
            f"{path}:{top}: {columns.count(repeated[0])} columns are called {repeated[0]!r}; give each caption "
            "a row of its own"
        )
    rest = (line for number, line in numbered_lines(path) if number > top)
    reader, began = csv.reader(rest, strict=True, skipinitialspace=True), top + 1
    try:
        for row in reader:
            filled = any(cell.strip() for cell in row)
            if filled and len(row) != len(columns):
                raise ValueError(
                    f"{path}:{began}: {len(row)} columns, but the first row has {len(columns)}; "
                    "put captions that hold a comma in double quotes"
                )
            if filled:
                yield began, row[image].strip(), None, row[columns.index("caption")].strip()
            began = top + 1 + reader.line_num
    except csv.Error as error:
        raise ValueError(
            f"{path}:{began}: not a row of CSV ({error}); double every double quote inside a quoted caption"
        ) from error


def _split(path: Path, line: int, text: str) -> tuple[str, str | None, str]:
    """Cuts a row of a table with tabs: name, number, caption."""
    cells = [cell.strip() for cell in text.split("\t")]
    if len(cells) == 3 and not cells[1].isdecimal():
        raise ValueError(
            f"{path}:{line}: {cells[1][:40]!r} is no number of a caption; expected `name TAB number TAB caption`, "
            "a row a caption, and no header"
        )
    if len(cells) == 3:
        return cells[0], cells[1], cells[2]
    if len(cells) == 2 and (numbered := _NUMBERED.fullmatch(cells[0])):
        return numbered[1], numbered[2], cells[1]
    raise ValueError(
        f"{path}:{line}: {len(cells)} columns; expected `name TAB number TAB caption` or `name#number TAB caption`"
    )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in numbered_lines(path) if line.strip())


def read_names(path: Path, table: dict[str, Captioned], table_path: Path, problems: Problems) -> dict[str, str]:
    """Reads which images a list names, each with its place in the list.

    Args:
        path: One name a line.
        table: What `read_table` returned.
        table_path: The table, for messages.
        problems: What hears of names that are repeated or have no captions.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not UTF-8.
    """
    wanted: dict[str, str] = {}
    for line, text in _lines(path):
        name, place = text.strip(), f"{path}:{line}"
        if name in wanted:
            problems.found("repeated names", place, f"{name} stands in the list twice", "remove it")
        elif name not in table:
            what = f"{name} has no captions in {table_path}"
            problems.found("images without captions", place, what, "add them or remove the name")
        else:
            wanted[name] = place
    return wanted


def holds_a_word(caption: str) -> bool:
    """Whether there is a letter or a digit in a caption: of punctuation alone nothing is learnt."""
    return any(character.isalnum() for character in caption)
