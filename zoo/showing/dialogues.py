"""Dialogues turn by turn, each turn beside what a model would have said there: for the terminal and as an HTML page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from zoo.showing.colors import hue
from zoo.showing.page import escape, filled, write
from zoo.showing.printable import printable

_SPEAKERS = "AB"  # the two who speak in turn
_MODEL = "model"


class Reply(Protocol):
    """What a model says. It may also have `act`, `turns_cut` and `words_cut`; see `zoo.decoding.dialogue_reply.Reply`.

    Attributes:
        text: The words.
        log_probability: Of the reply, in nats.
    """

    text: str
    log_probability: float


class AnsweredDialogue(NamedTuple):
    """A dialogue and what a model would have said in place of its turns.

    Attributes:
        turns: What was said, two turns or more.
        replies: The model's replies, the first in place of the second turn: one fewer than there are turns.
        acts: What each turn does, where that is known.
    """

    turns: Sequence[str]
    replies: Sequence[Reply]
    acts: Sequence[str] | None = None

    @classmethod
    def of(
        cls, record: Mapping[str, Sequence[bytes]], follow: Callable[[list[str]], Sequence[Reply]]
    ) -> AnsweredDialogue:
        """Makes one of a record.

        Args:
            record: With `turns`, and perhaps `acts`, as readers make them and `as_numpy_iterator` gives them.
            follow: From turns to the replies, for example a model's method `follow`.
        """
        turns, acts = (
            [text.decode("utf-8", "replace") for text in record[name]] if name in record else None
            for name in ("turns", "acts")
        )
        return cls(turns, follow(turns), acts)


def dialogue_terminal(dialogue: AnsweredDialogue, *, color: bool = True) -> str:
    """Writes a dialogue, a line a turn, and below each turn what the model would have said there.

    Args:
        dialogue: The dialogue.
        color: Whether the model's lines are dimmed with ANSI codes. The caller decides: not if the output is no
            terminal, or if the environment has NO_COLOR.

    Returns:
        The lines, without a line end.

    Raises:
        ValueError: There is not one reply to each turn but the last.
    """
    _check(dialogue)
    lines = []
    for number, turn in enumerate(dialogue.turns):
        lines.append(f"{_speaker(number):>5}: {printable(turn)}")
        if number:
            reply = dialogue.replies[number - 1]
            line = f"{_MODEL:>5}: {printable(reply.text) or '(nothing)'} ({_known(reply)})"
            lines.append(f"\x1b[2m{line}\x1b[0m" if color else line)
    return "\n".join(lines)


def dialogues_html(dialogues: Iterable[AnsweredDialogue], *, title: str = "Dialogues", note: str = "") -> str:
    """Makes a page of dialogues, below each turn what the model would have said there.

    The page is self-contained (no script, no font, no request), follows the reader's light or dark setting, prints, and
    can be read without seeing the colours. Texts may run from right to left.

    Args:
        dialogues: The dialogues.
        title: Heading of the page.
        note: A line below the heading, for example which model on which data.

    Returns:
        The HTML document.

    Raises:
        ValueError: A dialogue has not one reply to each turn but the last.
    """
    shown = list(dialogues)
    for dialogue in shown:
        _check(dialogue)
    replies = [reply for dialogue in shown for reply in dialogue.replies]
    cut = sum(bool(getattr(reply, "turns_cut", 0) or getattr(reply, "words_cut", 0)) for reply in replies)
    facts = {
        "dialogues": len(shown),
        "turns": sum(len(dialogue.turns) for dialogue in shown),
        "replies": len(replies),
        "different replies": len({reply.text for reply in replies}),
        **({"replies to what was not read whole": cut} if cut else {}),
    }
    return filled(
        title=title,
        note=note,
        facts=facts,
        legend_of="Marks",
        legend=f"<li>{_mark('reply')} what the model would have said instead, after all turns above</li>",
        items="\n".join(map(_card, shown)) or "<li>There are no dialogues.</li>",
    )


def write_dialogues_html(
    path: str | Path, dialogues: Iterable[AnsweredDialogue], *, title: str = "Dialogues", note: str = ""
) -> None:
    """Writes the page of `dialogues_html` to a file, whole or not at all; arguments and errors are those of that.

    Raises:
        OSError: The file cannot be written.
    """
    write(path, dialogues_html(dialogues, title=title, note=note))


def _check(dialogue: AnsweredDialogue) -> None:
    turns, replies = len(dialogue.turns), len(dialogue.replies)
    if replies != turns - 1:
        raise ValueError(f"a dialogue of {turns} turns has {replies} replies; give one to each turn but the last")
    if dialogue.acts is not None and len(dialogue.acts) != turns:
        raise ValueError(f"a dialogue of {turns} turns has {len(dialogue.acts)} acts; give one to each turn")


def _speaker(number: int) -> str:
    return _SPEAKERS[number % len(_SPEAKERS)]


def _known(reply: Reply) -> str:
    """Says how probable a reply is, and what else is known of it."""
    parts = [f"log P = {reply.log_probability:.2f}"]
    parts += [label for name in ("act", "emotion") if (label := getattr(reply, name, None))]
    for name in ("turn", "word"):
        if count := getattr(reply, f"{name}s_cut", 0):
            parts.append(f"{count} {name}{'s' * (count > 1)} not read")
    return printable(", ".join(parts))


def _card(dialogue: AnsweredDialogue) -> str:
    rows = []
    for number, turn in enumerate(dialogue.turns):
        act = "" if dialogue.acts is None else f" <small>{escape(dialogue.acts[number])}</small>"
        rows.append(_row(_speaker(number), escape(turn) + act))
        if number:
            reply = dialogue.replies[number - 1]
            said = _mark(escape(reply.text) or "<i>(nothing)</i>")
            rows.append(_row(_MODEL, f"{said} <small>{escape(_known(reply))}</small>"))
    return f"<li>{''.join(rows)}</li>"


def _row(who: str, words: str) -> str:
    return f'<div class="row"><span>{who}</span><p dir="auto">{words}</p></div>'


def _mark(words: str) -> str:
    return f'<mark style="--hue:{hue(_MODEL)}">{words}</mark>'
