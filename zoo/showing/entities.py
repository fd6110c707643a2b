"""Tagged sentences for people: coloured in the terminal, and as an HTML page that needs nothing but itself."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from zoo.showing.colors import hue, xterm
from zoo.showing.page import escape, filled, write
from zoo.showing.printable import printable
from zoo.tag_schemes import Span, spans


class TaggedSentence(Protocol):
    """What is shown: any object with these attributes. It may also have `scores` and `gold`, each of which may be None.

    Attributes:
        tokens: The words.
        tags: The predicted tag of each, in any scheme of `zoo.tag_schemes`.
        scores: Optional; the probability of each tag, 0 to 1.
        gold: Optional; the right tag of each.
    """

    tokens: Sequence[str]
    tags: Sequence[str]


class _Sentence(NamedTuple):
    """A checked sentence; `right` are the gold entities, or the predicted ones where there is no gold."""

    tokens: Sequence[str]
    tags: Sequence[str]
    scores: Sequence[float] | None
    gold: Sequence[str] | None
    predicted: set[Span]
    right: set[Span]

    @classmethod
    def of(cls, sentence: TaggedSentence) -> "_Sentence":
        tokens, tags = sentence.tokens, sentence.tags
        scores, gold = getattr(sentence, "scores", None), getattr(sentence, "gold", None)
        _check_lengths(tokens, tags=tags, scores=scores, gold=gold)
        predicted = set(spans(tags))
        return cls(tokens, tags, scores, gold, predicted, predicted if gold is None else set(spans(gold)))

    @property
    def differs(self) -> bool:
        return self.predicted != self.right


class _Piece(NamedTuple):
    """Tokens `start` to `end` of a sentence: an entity, or one token outside (with `type` None)."""

    type: str | None
    start: int
    end: int
    verdict: str = ""


def terminal(
    tokens: Sequence[str], tags: Sequence[str], *, gold: Sequence[str] | None = None, color: bool = True
) -> str:
    """Writes one sentence with its entities marked, `[Harry Potter PER] waved .`, for a terminal.

    With `gold`, entities that are not in it are marked as wrong, and a second line says what is right wherever the two
    differ: `[Harry PER wrong] Potter waved .` and `gold: [Harry Potter PER missed] waved .`

    Args:
        tokens: The words.
        tags: Their predicted tags, in any scheme.
        gold: Their right tags, if known.
        color: Whether to mark with ANSI colours too. The caller decides: not if the output is no terminal, or if the
            environment has NO_COLOR.

    Returns:
        One line, or two; without a line end.

    Raises:
        ValueError: The lengths differ, or a tag is not one.
    """
    _check_lengths(tokens, tags=tags, gold=gold)
    lines = [_terminal_line(tokens, _pieces(tags, gold, "wrong"), color)]
    if gold is not None and set(spans(tags)) != set(spans(gold)):
        lines.append("gold: " + _terminal_line(tokens, _pieces(gold, tags, "missed"), color))
    return "\n".join(lines)


def html(sentences: Iterable[TaggedSentence], *, title: str = "Entities", note: str = "") -> str:
    """Makes a page of sentences with coloured entities, confidences, and gold below prediction where they differ.

    The page is self-contained (no script, no font, no request), follows the reader's light or dark setting, prints, and
    can be read without seeing the colours. Texts may run from right to left.

    Args:
        sentences: Objects with `tokens`, `tags` and optionally `scores` and `gold`; see `TaggedSentence`.
        title: Heading of the page.
        note: A line below the heading, for example which model on which data.

    Returns:
        The HTML document.

    Raises:
        ValueError: The lengths of a sentence's parts differ, or a tag is not one.
    """
    shown = [_Sentence.of(sentence) for sentence in sentences]
    types = Counter(span.type for sentence in shown for span in sentence.predicted | sentence.right)
    return filled(
        title=title,
        note=note,
        facts=_facts(shown),
        legend_of="Types of entities and how many there are",
        legend="".join(f"<li><mark {_style(name)}>{escape(name)}</mark> {types[name]}</li>" for name in sorted(types)),
        hint=_HINT if any(sentence.scores is not None for sentence in shown) else "",
        switch=_SWITCH if any(sentence.differs for sentence in shown) else "",
        items="\n".join(map(_card, shown)) or "<li>There are no sentences.</li>",
    )


def write_html(
    path: str | Path, sentences: Iterable[TaggedSentence], *, title: str = "Entities", note: str = ""
) -> None:
    """Writes the page of `html` to a file, whole or not at all; arguments and errors are those of `html`.

    Raises:
        OSError: The file cannot be written.
    """
    write(path, html(sentences, title=title, note=note))


def _check_lengths(tokens: Sequence[str], **others: Sequence | None) -> None:
    for name, values in others.items():
        if values is not None and len(values) != len(tokens):
            raise ValueError(f"a sentence has {len(tokens)} tokens but {len(values)} {name}: {' '.join(tokens)[:80]!r}")


def _pieces(tags: Sequence[str], other: Sequence[str] | None, verdict: str) -> Iterator[_Piece]:
    """Cuts a sentence into entities and single tokens outside; entities that `other` does not have get the verdict."""
    others = None if other is None else set(spans(other))
    position = 0
    for span in [*spans(tags), Span("", len(tags), len(tags))]:
        yield from (_Piece(None, index, index + 1) for index in range(position, span.start))
        if span.end > span.start:
            yield _Piece(*span, verdict if others is not None and span not in others else "")
        position = span.end


def _terminal_line(tokens: Sequence[str], pieces: Iterable[_Piece], color: bool) -> str:
    parts = []
    for piece in pieces:
        text = " ".join(map(printable, tokens[piece.start : piece.end]))
        if piece.type is not None:
            text = f"[{text} {printable(piece.type)}{' ' * bool(piece.verdict)}{piece.verdict}]"
            if color:  # Black on a light colour; what is wrong is underlined too.
                text = f"\x1b[30;48;5;{xterm(piece.type)}{';4' if piece.verdict else ''}m{text}\x1b[0m"
        parts.append(text)
    return " ".join(parts)


_SWITCH = '<label class="switch"><input type="checkbox" id="differences"> Only sentences with a difference</label>'
_HINT = '<p>Point at a word for the confidence in its tag; <span class="doubt">dotted</span> where it is under 50%.</p>'


def _card(sentence: _Sentence) -> str:
    rows = _row(sentence.tokens, _pieces(sentence.tags, sentence.gold, "wrong"), sentence.scores)
    if not sentence.differs:
        return f"<li>{rows}</li>"
    gold = _row(sentence.tokens, _pieces(sentence.gold, sentence.tags, "missed"), None)
    rows = "".join(
        f'<div class="row"><span>{name}</span>{row}</div>' for name, row in (("predicted", rows), ("gold", gold))
    )
    return f'<li class="differs">{rows}</li>'


def _row(tokens: Sequence[str], pieces: Iterable[_Piece], scores: Sequence[float] | None) -> str:
    parts = []
    for piece in pieces:
        words = " ".join(_word(tokens[i], None if scores is None else scores[i]) for i in range(piece.start, piece.end))
        if piece.type is not None:
            verdict = f" <b>{piece.verdict}</b>" if piece.verdict else ""
            label = f"<small>{escape(piece.type)}{verdict}</small>"
            words = f'<mark dir="auto" {_style(piece.type)}>{words}&nbsp;{label}</mark>'
        parts.append(words)
    return f'<p dir="auto">{" ".join(parts) or "<i>(empty)</i>"}</p>'


def _word(token: str, score: float | None) -> str:
    if score is None:
        return escape(token)
    doubt = ' class="doubt"' if score < 0.5 else ""
    return f'<span title="confidence {score:.1%}"{doubt}>{escape(token)}</span>'


def _facts(shown: Sequence[_Sentence]) -> dict[str, object]:
    facts = {"sentences": len(shown), "entities predicted": sum(len(sentence.predicted) for sentence in shown)}
    if judged := [sentence for sentence in shown if sentence.gold is not None]:
        correct = sum(len(sentence.predicted & sentence.right) for sentence in judged)
        wrong = sum(len(sentence.predicted - sentence.right) for sentence in judged)
        missed = sum(len(sentence.right - sentence.predicted) for sentence in judged)
        entities = 2 * correct + wrong + missed
        f1 = f"{2 * correct / entities:.3f}" if entities else "none"
        facts |= {"correct": correct, "wrong": wrong, "missed": missed, "F1": f1}
    return facts


def _style(type_name: str) -> str:
    return f'style="--hue:{hue(type_name)}"'
