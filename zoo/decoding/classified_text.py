"""What a person gets back from a classifier."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ClassifiedText:
    """A text's class.

    Attributes:
        label: The answer.
        probability: Its probability.
        probabilities: The probability of every class, by name; they add up to 1.
        tokens_cut: How many tokens of the text were left out, because it is longer than `max_tokens`.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    tokens_cut: int = 0

    def __str__(self) -> str:
        """The label and its probability: `pos (0.93)`."""
        cut = f", {self.tokens_cut} tokens not read" if self.tokens_cut else ""
        return f"{self.label} ({self.probability:.2f}{cut})"


@dataclass(frozen=True)
class ExplainedText:
    """A text's class, and what each word did for it.

    Attributes:
        tokens: The words that were read [time].
        weights: For each, how far it moved the log-odds of the answer: above 0 for it, below 0 against it [time].
            Where classes are ordered, above 0 is for a higher one.
        label: The answer.
        probability: Its probability.
        gold: The right label, where it is known.
        tokens_cut: How many tokens were left out of the middle of the text.
    """

    tokens: list[str]
    weights: list[float]
    label: str
    probability: float
    gold: str | None = None
    tokens_cut: int = 0

    def judged(self, gold: str) -> ExplainedText:
        """Returns the text with the right label beside the answer."""
        return replace(self, gold=gold)
