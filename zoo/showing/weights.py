"""Classified texts for people: what each word did for the answer, in the terminal and as an HTML page of its own."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from zoo.showing.colors import hue, xterm
from zoo.showing.page import escape, filled, write
from zoo.showing.printable import printable

_FOR, _AGAINST = "FOR", "AGAINST"
_MARKED = 0.25  # share of the text's largest weight from which a word is marked


class WeightedText(Protocol):
    """What is shown: any object with these attributes. It may also have `gold` and `tokens_cut`.

    Attributes:
        tokens: The words.
        weights: For each, how much it spoke for the answer (above 0) or against it (below 0).
        label: The answer.
        probability: Its probability, 0 to 1.
        gold: Optional; the right label, or None.
        tokens_cut: Optional; how many words of the text's middle were not read.
    """

    tokens: Sequence[str]
    weights: Sequence[float]
    label: str
    probability: float


def weighted_terminal(text: WeightedText, *, color: bool = True) -> str:
    """Writes one text with the words that decided marked, `pos 0.93: not [bad +] , it is [great +]`, for a terminal.

    Marked are words with at least a quarter of the largest weight, those with `+` for the answer, those with `-`
    against it.

    Args:
        text: What was answered; see `WeightedText`.
        color: Whether to mark with ANSI colours too.

    Returns:
        One line, without a line end.

    Raises:
        ValueError: There are not as many weights as tokens.
    """
    parts = []
    for token, share in zip(text.tokens, _shares(text), strict=True):
        shown = printable(token)
        if abs(share) >= _MARKED:
            shown = f"[{shown} {'+' if share > 0 else '-'}]"
            if color:
                bold = ";1" if abs(share) >= 2 * _MARKED else ""
                shown = f"\x1b[30;48;5;{xterm(_FOR if share > 0 else _AGAINST)}{bold}m{shown}\x1b[0m"
        parts.append(shown)
    _insert_gap(parts, text)
    return f"{printable(text.label)} {text.probability:.2f}{_verdict(text)}: {' '.join(parts)}"


def weighted_html(texts: Iterable[WeightedText], *, title: str = "What decided", note: str = "") -> str:
    """Makes a page of texts whose words are shaded by how much they spoke for the answer or against it.

    The page needs nothing but itself, follows the reader's light or dark setting, and says each word's weight where one
    points at it.

    Args:
        texts: See `WeightedText`.
        title: Heading of the page.
        note: A line below the heading.

    Returns:
        The HTML document.

    Raises:
        ValueError: A text has not as many weights as tokens.
    """
    shown = list(texts)
    return filled(
        title=title,
        note=note,
        facts=_facts(shown),
        legend_of="What the colours mean",
        legend="".join(f"<li>{_mark(word, name, 1.0)}</li>" for name, word in _LEGEND.items()),
        hint="<p>Point at a word for its weight: how far it moved the log-odds of the answer.</p>",
        switch=_SWITCH if any(_wrong(text) for text in shown) else "",
        items="\n".join(map(_card, shown)) or "<li>There are no texts.</li>",
    )


def write_weighted_html(
    path: str | Path, texts: Iterable[WeightedText], *, title: str = "What decided", note: str = ""
) -> None:
    """Writes the page of `weighted_html` to a file, whole or not at all; arguments and errors are those.

    Raises:
        OSError: The file cannot be written.
    """
    write(path, weighted_html(texts, title=title, note=note))


_LEGEND = {_FOR: "for the answer", _AGAINST: "against it"}
_SWITCH = '<label class="switch"><input type="checkbox" id="differences"> Only wrong answers</label>'


def _shares(text: WeightedText) -> list[float]:
    """The weights as shares of the largest, -1 to 1."""
    if len(text.weights) != len(text.tokens):
        raise ValueError(
            f"a text has {len(text.tokens)} tokens but {len(text.weights)} weights: {' '.join(text.tokens)[:80]!r}"
        )
    largest = max(map(abs, text.weights), default=0.0) or 1.0
    return [weight / largest for weight in text.weights]


def _wrong(text: WeightedText) -> bool:
    gold = getattr(text, "gold", None)
    return gold is not None and gold != text.label


def _verdict(text: WeightedText) -> str:
    return f" (wrong, gold: {printable(text.gold)})" if _wrong(text) else ""


def _insert_gap(parts: list[str], text: WeightedText) -> None:
    """Says in the middle of what was read how much was not."""
    if cut := getattr(text, "tokens_cut", 0):
        parts.insert(len(parts) - len(parts) // 2, f"[... {cut} words not read ...]")


def _card(text: WeightedText) -> str:
    parts = []
    for token, weight, share in zip(text.tokens, text.weights, _shares(text), strict=True):
        if abs(share) < _MARKED / 2:
            parts.append(escape(token))
        else:
            parts.append(_mark(token, _FOR if share > 0 else _AGAINST, abs(share), weight))
    _insert_gap(parts, text)
    answer = f"{escape(text.label)} {text.probability:.0%}"
    wrong = f" <b>wrong</b>, gold: {escape(text.gold)}" if _wrong(text) else ""
    words = " ".join(parts) or "<i>(empty)</i>"
    return f'<li{" class=differs" if wrong else ""}><p><small>{answer}{wrong}</small></p><p dir="auto">{words}</p></li>'


def _mark(token: str, name: str, strength: float, weight: float | None = None) -> str:
    told = "" if weight is None else f' title="{weight:+.3f}"'
    return f'<mark class="shaded" style="--hue:{hue(name)};--strength:{strength:.2f}"{told}>{escape(token)}</mark>'


def _facts(shown: Sequence[WeightedText]) -> dict[str, object]:
    facts: dict[str, object] = {"texts": len(shown)}
    if judged := [text for text in shown if getattr(text, "gold", None) is not None]:
        wrong = sum(map(_wrong, judged))
        facts |= {"right": len(judged) - wrong, "wrong": wrong}
    if cut := sum(getattr(text, "tokens_cut", 0) > 0 for text in shown):
        facts["not read whole"] = cut
    return facts
