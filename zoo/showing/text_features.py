"""Which clear feature of a text a unit of a recurrent layer follows, and which units tell most."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

_NAMED = 0.5  # a weaker correlation is not worth a name
_CHANCE = 4.0  # standard errors: in a short text a unit follows one of so many features by chance
_SLOWNESS = 0.25  # what slowness is worth beside correlation
_PALE = 0.15  # the standard deviation at which a unit's colours count half
_REPEATED = 0.7  # what each further unit that follows the same feature is worth

_QUOTES, _OPENING_QUOTES, _CLOSING_QUOTES = {'"'}, {"\u201c"}, {"\u201d"}
_BRACKETS = {"parentheses": "()", "brackets": "[]", "braces": "{}"}
_SENTENCE_ENDS = set(".!?")


class Finding(NamedTuple):
    """What is known about a unit.

    Attributes:
        unit: Its number.
        feature: The feature of the text that its value follows, or None where there is no clear one.
        correlation: Pearson's r of value and feature; of the strongest feature where none is clear.
    """

    unit: int
    feature: str | None
    correlation: float


def text_features(tokens: Sequence[str]) -> dict[str, np.ndarray]:
    """Follows what a reader can see while a text is read, after each of its tokens.

    Args:
        tokens: Characters, or words.

    Returns:
        By name, float64 `[time]`. What never changes in the text is left out.
    """
    characters = is_characters(tokens)
    capital, digit = (_where(tokens, lambda token, of=of: of(token[:1])) for of in (str.isupper, str.isdigit))
    word = _where(tokens, lambda token: token[:1].isalnum() or token == "_")
    line_ends = _where(tokens, lambda token: token == "\n")
    changes = _where(range(len(tokens)), lambda place: place == 0 or tokens[place] != tokens[place - 1])
    found = {
        "position in the text": np.arange(len(tokens)),
        "distance from the line's start": _since(line_ends),
        "distance from the sentence's start": _since(_where(tokens, _SENTENCE_ENDS.__contains__)),
        "indentation of the line": np.fromiter(_indentation(tokens), int, len(tokens)),
        "inside quotation marks": _quoted(tokens, line_ends),
        "an upper-case letter" if characters else "a capitalised word": capital,
        "a digit" if characters else "a number": digit,
        "inside a word" if characters else "a word, no punctuation": word,
        "punctuation": ~word & ~_where(tokens, str.isspace),
        "a blank": _where(tokens, lambda token: token == " "),
        "a line's end": line_ends,
        f"length of a run of one {'character' if characters else 'word'}": _since(changes),
    }
    for name, (opening, closing) in _BRACKETS.items():
        found[f"inside {name}"] = _depth(_where(tokens, opening.__eq__), _where(tokens, closing.__eq__))
    if characters:
        found["distance from the word's start"] = _since(~word)
    return {name: values.astype(float) for name, values in found.items() if (values != values[0]).any()}


def is_characters(tokens: Sequence[str]) -> bool:
    """Whether a text is cut into characters, which stand side by side, or into words, which stand apart."""
    return all(len(token) == 1 for token in tokens)


def findings(tokens: Sequence[str], values: np.ndarray, units: Sequence[int]) -> list[Finding]:
    """Says of some units which feature of the text they follow.

    Args:
        tokens: The tokens `[time]`.
        values: The state of every unit after each token, float `[time, units]`.
        units: Which units.

    Returns:
        A finding for each, in their order.
    """
    names, correlations = _correlations(tokens, values[:, list(units)])
    return [_finding(unit, names, row, len(tokens)) for unit, row in zip(units, correlations, strict=True)]


def most_telling(tokens: Sequence[str], values: np.ndarray, number: int) -> list[Finding]:
    """Chooses units that are worth looking at, the best first.

    A unit tells much whose value follows one clear feature of the text, and then also one that changes slowly, since it
    keeps something; both count less the smaller its standard deviation is, because it is hardly coloured. Units that
    follow the same feature as better ones count less, so that those chosen differ.

    Args:
        tokens: As `findings`.
        values: As `findings`.
        number: At most so many units.

    Returns:
        Their findings.
    """
    names, correlations = _correlations(tokens, values)
    strength = np.abs(correlations).max(axis=1, initial=0.0)
    deviation = values.std(axis=0)
    scores = (strength + _SLOWNESS * _slowness(values)) * deviation / (deviation + _PALE)
    followed = np.abs(correlations).argmax(axis=1) if names else np.zeros(len(scores), int)
    chosen = []
    for _ in range(min(number, len(scores))):
        unit = int(np.argmax(scores))
        chosen.append(_finding(unit, names, correlations[unit], len(tokens)))
        scores[unit] = -math.inf
        scores[followed == followed[unit]] *= _REPEATED
    return chosen


def _correlations(tokens: Sequence[str], values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Returns the features' names, and Pearson's r of every unit and feature, `[units, features]`."""
    features = text_features(tokens)
    if not features:
        return [], np.zeros((values.shape[1], 0))
    of_text = _standardised(np.stack(list(features.values()), axis=1))
    return list(features), _standardised(values.astype(float)).T @ of_text / len(tokens)


def _finding(unit: int, names: Sequence[str], correlations: np.ndarray, length: int) -> Finding:
    if not names:
        return Finding(unit, None, 0.0)
    best = int(np.abs(correlations).argmax())
    r = float(correlations[best])
    clear = abs(r) >= max(_NAMED, _CHANCE / math.sqrt(length))
    return Finding(unit, names[best] if clear else None, r)


def _standardised(columns: np.ndarray) -> np.ndarray:
    """Returns columns of mean 0 and deviation 1; a column that never changes becomes zeros."""
    columns = columns - columns.mean(axis=0)
    deviation = columns.std(axis=0)
    return np.divide(columns, deviation, out=np.zeros_like(columns), where=deviation > 1e-6)


def _slowness(values: np.ndarray) -> np.ndarray:
    """Returns for each unit how much of its value is that of the step before: its autocorrelation, 0 to 1."""
    columns = _standardised(values.astype(float))
    return np.clip((columns[1:] * columns[:-1]).mean(axis=0), 0.0, 1.0) if len(values) > 1 else np.zeros(len(columns.T))


def _where(items: Sequence, holds: Callable[..., bool]) -> np.ndarray:
    return np.fromiter((holds(item) for item in items), bool, len(items))


def _since(begins: np.ndarray) -> np.ndarray:
    """Counts from each place that begins something, which is 0; nothing is counted where none is."""
    if not begins.any():
        return np.zeros(len(begins), int)
    places = np.arange(1, len(begins) + 1)
    return places - np.maximum.accumulate(np.where(begins, places, 0))


def _depth(opening: np.ndarray, closing: np.ndarray) -> np.ndarray:
    """Counts what is open; what closes nothing is passed over."""
    balance = np.cumsum(opening.astype(int) - closing.astype(int))
    return balance - np.minimum(np.minimum.accumulate(balance), 0)


def _quoted(tokens: Sequence[str], line_ends: np.ndarray) -> np.ndarray:
    """Whether a quotation is open; a mark that is never closed ends with its paragraph."""
    marks = np.cumsum(_where(tokens, _QUOTES.__contains__))
    paragraph_ends = line_ends & np.concatenate([[False], line_ends[:-1]])
    straight = (marks - np.maximum.accumulate(np.where(paragraph_ends, marks, 0))) % 2
    opening, closing = (_where(tokens, kind.__contains__) for kind in (_OPENING_QUOTES, _CLOSING_QUOTES))
    return np.maximum(straight, _depth(opening, closing))


def _indentation(tokens: Sequence[str]) -> Iterator[int]:
    """Yields how many blanks the line has begun with."""
    blanks, leading = 0, True
    for token in tokens:
        if token == "\n":
            blanks, leading = 0, True
        else:
            leading &= token in (" ", "\t")
            blanks += leading
        yield blanks
