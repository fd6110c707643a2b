"""Words for benchmarks: as long, as frequent and as varied as those of a natural text, and nobody's."""

from __future__ import annotations

import numpy as np


def draw(rng: np.random.Generator, lexicon: int, shape: int | tuple[int, ...]) -> tuple[list[str], np.ndarray]:
    """Invents words, and draws from them in proportion to 1 / rank (Zipf's law).

    Args:
        rng: Source of all chance.
        lexicon: How many words there are.
        shape: How many are drawn.

    Returns:
        The words, the most frequent first, and the numbers of those that were drawn, int64 of that shape.
    """
    letters, frequencies = zip(*zip("etaoinsrhldcumfpgwybvkxjqz", range(27, 1, -1), strict=True), strict=True)
    lengths = np.minimum(2 + rng.poisson(0.55 * np.log1p(np.arange(lexicon))), 14)  # frequent words are short
    spelling = rng.choice(letters, size=(lexicon, 14), p=np.array(frequencies) / sum(frequencies))
    words = ["".join(row[:length]) for row, length in zip(spelling, lengths, strict=True)]
    chances = 1 / np.arange(1, lexicon + 1)
    return words, rng.choice(lexicon, size=shape, p=chances / chances.sum())
