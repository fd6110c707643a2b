"""What a person gets back from a tagger."""

from __future__ import annotations

from dataclasses import dataclass

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
        scores: Probability of each tag, between 0 and 1.
    """

    tokens: list[str]
    tags: list[str]
    scores: list[float]

    @property
    def entities(self) -> list[Entity]:
        """The entities, in order."""
        return [
            Entity(
                span.type,
                " ".join(self.tokens[span.start : span.end]),
                span.start,
                span.end,
                min(self.scores[span.start : span.end]),
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
