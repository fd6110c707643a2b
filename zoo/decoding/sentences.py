"""What a person gets back from a tagger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from zoo import tag_schemes


@dataclass(frozen=True)
class Entity:
    """A named thing in a sentence.

    Attributes:
        type: For example `PER`.
        text: Its tokens, joined by blanks.
        start: Place of its first token.
        end: Place after its last token.
        score: The lowest probability among its tokens' tags.
    """

    type: str
    text: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class TaggedSentence:
    """A sentence's tokens with their tags.

    Attributes:
        tokens: The tokens [time].
        tags: A tag a token, IOB2 or 0/1.
        scores: Probability of each tag, between 0 and 1; None for tags that people gave.
        gold: The right tags, where they are known.
    """

    tokens: list[str]
    tags: list[str]
    scores: list[float] | None = None
    gold: list[str] | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Iterable[bytes]]) -> TaggedSentence:
        """Reads a raw record of a dataset's `as_numpy_iterator()`: byte strings `tokens` and `tags`."""
        return cls(*([text.decode("utf-8", "replace") for text in record[name]] for name in ("tokens", "tags")))

    def judged(self, gold: list[str]) -> TaggedSentence:
        """Returns the sentence with the right tags beside the predicted ones."""
        return replace(self, gold=gold)

    @property
    def entities(self) -> list[Entity]:
        """The entities, in order."""
        return [
            Entity(
                span.type,
                " ".join(self.tokens[span.start : span.end]),
                span.start,
                span.end,
                min(self.scores[span.start : span.end]) if self.scores else 1.0,
            )
            for span in tag_schemes.spans(self.tags)
        ]

    def __str__(self) -> str:
        """The sentence with its entities in brackets: `[Harry Potter PER] invented it .`."""
        words = list(self.tokens)
        for entity in self.entities:
            words[entity.start] = "[" + words[entity.start]
            words[entity.end - 1] += f" {entity.type}]"
        return " ".join(words)
