"""Reads the dialogues of a file, one a line, in several forms. This module needs no TensorFlow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from zoo.datasets.lines import numbered_lines
from zoo.datasets.problems import Problems

END_OF_TURN = "__eou__"
_JSON = (".jsonl", ".ndjson", ".json")
_PAIRS = ".tsv"
_HEADERS = (("question", "answer"), ("prompt", "response"))
_HALVES = re.compile("[\ud800-\udfff]")  # of characters that JSON writes as two: alone each is none
_FORMS = f"end every turn with {END_OF_TURN} (JSON lines are read from .jsonl files, question TAB answer from .tsv)"


class Dialogue(NamedTuple):
    """One dialogue.

    Attributes:
        turns: What is said, two turns or more.
        acts: What each turn does (asks, informs, ...), or None where nobody says so.
        emotions: What is felt in each turn, likewise.
    """

    turns: list[str]
    acts: list[str] | None = None
    emotions: list[str] | None = None


class Source(NamedTuple):
    """The files of one data set.

    Attributes:
        path: The dialogues.
        acts: The acts of their turns, a line a dialogue, separated by blanks; None where there is no such file.
        emotions: The emotions, likewise.
    """

    path: Path
    acts: Path | None = None
    emotions: Path | None = None


class _Unusable(ValueError):
    """Why a line is no dialogue: the kind of many such, what is wrong, what can be done."""


def iterate(source: Source, problems: Problems) -> Iterator[Dialogue]:
    """Reads the dialogues of a file that can be used, in order; never holds more than one.

    Args:
        source: The files.
        problems: What hears of those that cannot be used.

    Raises:
        FileNotFoundError: A file is not there.
        ValueError: A file is malformed, `path:line: what is wrong; what to do`; or a dialogue cannot be used and
            `problems` raises.
    """
    parse = _parser(source.path)
    first: list[str] | None = None  # the labels of the first dialogue, which all must have
    for number, line, labels in _side_by_side(source):
        if number == 1 and parse is _pair and _names_columns(line):
            continue
        try:
            dialogue = _with_labels(parse(line), labels)
            _check(dialogue, {name: f" in {getattr(source, name)}:{number}" for name in labels})
            first = _labels_of(dialogue) if first is None else first
            _check_alike(_labels_of(dialogue), first)
        except _Unusable as error:
            unusable = error.args
        else:
            yield dialogue
            continue
        kind, what, remedy = unusable
        problems.found(kind, f"{source.path}:{number}", what, remedy)


def beside(path: Path, name: str) -> Path:
    """Finds the file of labels that stands beside a file of dialogues.

    Args:
        path: The dialogues: `dialogues_train.txt`, `dialogues_text.txt` (DailyDialog's names), or any, as `train.txt`.
        name: `"act"` or `"emotion"`.

    Returns:
        `dialogues_act_train.txt`, `dialogues_act.txt`, or `train_act.txt`.

    Raises:
        FileNotFoundError: There is none of them.
    """
    stem, dot, suffixes = path.name.partition(".")
    names = [f"{stem}_{name}"]
    if stem == "dialogues_text":
        names.insert(0, f"dialogues_{name}")
    elif stem.startswith("dialogues_"):
        names.insert(0, stem.replace("dialogues_", f"dialogues_{name}_", 1))
    candidates = [path.with_name(candidate + dot + suffixes) for candidate in names]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    tried = " or ".join(candidate.name for candidate in candidates)
    raise FileNotFoundError(f"{path.parent}: no {tried} beside {path.name}; name the file of {name}s")


def _side_by_side(source: Source) -> Iterator[tuple[int, str, dict[str, str]]]:
    """The lines of all files of a data set: number, dialogue, labels by name."""
    others = {name: path for name in ("acts", "emotions") if (path := getattr(source, name)) is not None}
    lines = [numbered_lines(path) for path in (source.path, *others.values())]
    for number, row in enumerate(zip_longest(*lines), start=1):
        for (name, path), labels in zip(others.items(), row[1:], strict=True):
            if labels is None:
                raise ValueError(
                    f"{source.path}:{number}: {path} has no line {number}; give the {name} of every dialogue a line"
                )
            if row[0] is None:
                raise ValueError(
                    f"{path}:{number}: {source.path} has no line {number}; give each dialogue one line of {name}"
                )
        yield number, row[0][1], {name: labels for name, (_, labels) in zip(others, row[1:], strict=True)}


def _parser(path: Path) -> Any:
    """The function that reads a line of a file, chosen by the file's name."""
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    return _json if suffix in _JSON else _pair if suffix == _PAIRS else _marked


def _marked(line: str) -> Dialogue:
    """Reads turns that each end with a mark; the last one's may be missing."""
    turns = [turn.strip() for turn in line.split(END_OF_TURN)]
    return Dialogue(turns if turns[-1] else turns[:-1])


def _pair(line: str) -> Dialogue:
    """Reads a question and its answer."""
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) != 2 and line.strip():
        remedy = "write question TAB answer; neither may hold a tab"
        raise _Unusable("rows of other than two columns", f"{len(cells)} columns instead of two", remedy)
    return Dialogue(cells if line.strip() else [])


def _names_columns(line: str) -> bool:
    """Whether a row is the header of a table of questions and answers."""
    return tuple(cell.strip().lower() for cell in line.split("\t")) in _HEADERS


def _json(line: str) -> Dialogue:
    """Reads `{"turns": [...]}`, of strings or of objects with `text` and perhaps `act` and `emotion`."""
    if not line.strip():
        return Dialogue([])
    wanted = 'write {"turns": ["...", "..."]} or {"turns": [{"text": "...", "act": "..."}, ...]}, a line a dialogue'
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        what = f"not JSON ({error})" if isinstance(error, ValueError) else "not JSON (nested too deeply)"
        if isinstance(error, json.JSONDecodeError) and (line.lstrip()[0] == "[" or error.pos >= len(line.rstrip())):
            what += ", perhaps a part of a list, or of a dialogue that is spread over several lines"
        raise _Unusable("lines that are no JSON", what, wanted) from None
    if not isinstance(value, dict) or not isinstance(value.get("turns"), list):
        raise _Unusable("lines without turns", f"no list of turns in {line.strip()[:60]!r}", wanted)
    turns, labels = value["turns"], {name: value.get(name) for name in ("acts", "emotions")}
    if turns and all(isinstance(turn, dict) for turn in turns):
        for name in labels:
            found = [turn[name[:-1]] for turn in turns if turn.get(name[:-1]) is not None]
            labels[name] = found or labels[name]
        turns = [turn.get("text") for turn in turns]
    if not all(isinstance(turn, str) for turn in turns):
        index, turn = next((i, turn) for i, turn in enumerate(turns, start=1) if not isinstance(turn, str))
        raise _Unusable("dialogues with a turn that is no text", f"turn {index} is {turn!r}, not a text", wanted)
    for index, turn in enumerate(turns, start=1):
        if half := _HALVES.search(turn):
            what = f"turn {index} holds half of a character, {half[0]!a}"
            raise _Unusable("dialogues with half a character", what, "write the other half beside it")
    for name, given in labels.items():
        if given is not None and not (isinstance(given, list) and all(isinstance(x, str | int) for x in given)):
            raise _Unusable("dialogues with labels of another kind", f"{name} are {given!r}", f"list {name} as strings")
    named = {name: [str(x) for x in given] for name, given in labels.items() if given is not None}
    return Dialogue([turn.strip() for turn in turns], **named)


def _with_labels(dialogue: Dialogue, labels: dict[str, str]) -> Dialogue:
    """Adds the labels that stand in files of their own."""
    for name in labels:
        if getattr(dialogue, name) is not None:
            raise _Unusable("dialogues labelled twice", f"the {name} stand here too", f"give no file of {name}")
    return dialogue._replace(**{name: text.split() for name, text in labels.items()})


def _labels_of(dialogue: Dialogue) -> list[str]:
    return [name for name in ("acts", "emotions") if getattr(dialogue, name) is not None]


def _check_alike(labels: list[str], first: list[str]) -> None:
    """Refuses a dialogue that has other labels than the first."""
    if labels != first:
        has, had = (" and ".join(names) or "no labels" for names in (labels, first))
        what = f"the turns have {has}, those of the first dialogue {had}"
        raise _Unusable("dialogues labelled otherwise than the first", what, "label all alike")


def _check(dialogue: Dialogue, origin: dict[str, str]) -> None:
    """Refuses what nothing can be learnt from."""
    if not dialogue.turns:
        raise _Unusable("empty dialogues", "the dialogue is empty", "remove the line")
    if not all(dialogue.turns):
        number = dialogue.turns.index("") + 1
        what = f"turn {number} of {len(dialogue.turns)} is empty"
        raise _Unusable("dialogues with an empty turn", what, "fill it in or remove the dialogue")
    if len(dialogue.turns) == 1:
        what = f"a single turn, {dialogue.turns[0][:40]!r}: there is nothing to answer"
        raise _Unusable("dialogues of a single turn", what, _FORMS)
    for name in ("acts", "emotions"):
        labels = getattr(dialogue, name)
        if labels is not None and len(labels) != len(dialogue.turns):
            what = f"{len(dialogue.turns)} turns, but {len(labels)} {name}{origin.get(name, '')}"
            raise _Unusable("dialogues with more or fewer labels than turns", what, "give one a turn")
        if labels is not None and not all(label.strip() for label in labels):
            raise _Unusable("dialogues with an empty label", f"one of the {name} is empty", "give one a turn")
