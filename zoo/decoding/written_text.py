"""What a person gets back from a language model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ScoredText:
    """How probable a text is.

    Attributes:
        text: The text.
        log_probability: Natural logarithm of the probability of the whole text, its end included.
        token_log_probabilities: That of each token given those before it, the end's last.
        unknown: How many of the tokens the model does not know; it scores them as one token, so a text with many of
            them seems more probable than it is.
    """

    text: str
    log_probability: float
    token_log_probabilities: list[float]
    unknown: int = 0

    @property
    def bits_per_character(self) -> float:
        """Bits that an optimal code needs for each character of the text, the text's end shared among them."""
        return -self.log_probability / math.log(2.0) / max(len(self.text), 1)

    @property
    def perplexity(self) -> float:
        """The exponential of the mean surprise of a token, the end included."""
        return math.exp(-self.log_probability / len(self.token_log_probabilities))

    def __str__(self) -> str:
        """The logarithm and the bits: `log P = -52.13 (3.13 bits per character)`."""
        not_known = f", {self.unknown} token{'s' * (self.unknown != 1)} unknown" if self.unknown else ""
        return f"log P = {self.log_probability:.2f} ({self.bits_per_character:.2f} bits per character{not_known})"


@dataclass(frozen=True)
class WrittenText:
    """What a model wrote after a prompt.

    Attributes:
        prompt: What was given.
        text: What was written after it.
        log_probability: Natural logarithm of the probability of what was written (its end too, if it ended), given the
            prompt, under the model as it is: without temperature, top-k and top-p.
        ended: Whether the model ended the text; else the length asked for was reached.
    """

    prompt: str
    text: str
    log_probability: float
    ended: bool

    def __str__(self) -> str:
        """Prompt and text."""
        return self.prompt + self.text


@dataclass(frozen=True)
class UnitStates:
    """What each unit of a recurrent layer holds while a text is read.

    Attributes:
        tokens: The tokens [time].
        values: The state of each unit after each token, between -1 and 1, float32 [time, units].
        layer: Which layer, from 0, the lowest.
    """

    tokens: list[str]
    values: np.ndarray
    layer: int
