"""What a person gets back from a model of dialogues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class ScoredReply(NamedTuple):
    """One thing to say.

    Attributes:
        text: The words.
        log_probability: Natural logarithm of their probability under the model, the end included.
    """

    text: str
    log_probability: float


@dataclass(frozen=True)
class Reply:
    """What a model says next in a dialogue.

    Attributes:
        text: The reply.
        log_probability: Natural logarithm of its probability under the model, given the history, its end included.
        alternatives: The best replies, best first, this one among them; fewer than were asked for where the model knows
            no more.
        act: What the reply does, where the model has learnt acts.
        emotion: What is felt in it, likewise.
        turns_cut: How many turns of the history, the first ones, were not read.
        words_cut: How many words at the ends of the others were not read.
    """

    text: str
    log_probability: float
    alternatives: tuple[ScoredReply, ...] = ()
    act: str | None = None
    emotion: str | None = None
    turns_cut: int = 0
    words_cut: int = 0

    def __str__(self) -> str:
        """The reply, and what is known of it: `To Vienna, please. (log P = -1.20, inform; 3 turns not read)`."""
        known = ", ".join(filter(None, (f"log P = {self.log_probability:.2f}", self.act, self.emotion)))
        parts = ((self.turns_cut, "turn"), (self.words_cut, "word"))
        cut = " and ".join(f"{count} {name}{'s' * (count > 1)}" for count, name in parts if count)
        return f"{self.text or '(nothing)'} ({known}{f'; {cut} not read' * bool(cut)})"
