"""What a person gets back from a captioner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Caption:
    """A sentence about an image.

    Attributes:
        text: The sentence.
        log_probability: Natural logarithm of its probability under the model, its end included.
    """

    text: str
    log_probability: float


@dataclass(frozen=True)
class CaptionedImage:
    """An image's captions.

    Attributes:
        caption: The best one; empty where the bytes are no image.
        captions: The best ones, best first; fewer than were asked for where the model knows no more.
        valid: Whether the bytes are an image.
    """

    caption: str
    captions: tuple[Caption, ...]
    valid: bool = True

    def __str__(self) -> str:
        """The best caption and its log-probability: `a red circle (-1.20)`."""
        if not self.valid:
            return "(no image)"
        return f"{self.caption} ({self.log_probability:.2f})" if self.captions else "(no caption)"

    @property
    def log_probability(self) -> float:
        """The best caption's; minus infinity where there is none."""
        return self.captions[0].log_probability if self.captions else float("-inf")


@dataclass(frozen=True)
class AttendedImage:
    """Where a model looked while it wrote.

    Attributes:
        words: The caption's words, as far as the model wrote them.
        weights: For each, how much was looked at every part of the image, float32 [words, rows, columns]; the numbers
            of a word add up to 1.
        image: The image as the model saw it, cut to its square: float32 [height, width, 3], 0 to 1.
    """

    words: list[str]
    weights: np.ndarray
    image: np.ndarray

    @property
    def caption(self) -> str:
        """The words as a sentence."""
        return " ".join(self.words)
