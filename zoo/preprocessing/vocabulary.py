"""Words, characters and tags to numbers and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

PADDING_ID = 0
UNKNOWN_ID = 1
RESERVED = 2

# While counting, rarer words are dropped whenever more distinct ones than this have been met, so that a corpus larger
# than memory can be counted (Manku & Motwani 2002, "Approximate frequency counts over data streams").
_MAX_DISTINCT = 4_000_000


class FrequencyCounter:
    """Counts strings or numbers of a stream in bounded memory.

    Attributes:
        counts: Occurrences by item.
    """

    def __init__(self, max_distinct: int = _MAX_DISTINCT) -> None:
        """Makes an empty counter.

        Args:
            max_distinct: Rare items are dropped beyond this many distinct ones.
        """
        self.counts: Counter = Counter()
        self._max_distinct = max_distinct
        self._floor = 0

    def add(self, items: np.ndarray) -> None:
        """Counts every element of an array."""
        self.counts.update(items.tolist())
        while len(self.counts) > self._max_distinct:
            self._floor += 1
            self.counts = Counter({k: n for k, n in self.counts.items() if n > self._floor})

    def most_frequent(self, limit: int | None = None, min_count: int = 1) -> list:
        """Returns the items, the most frequent first; ties in the items' own order, so that runs agree."""
        kept = [(k, n) for k, n in self.counts.items() if n >= min_count]
        kept.sort(key=lambda pair: (-pair[1], pair[0]))
        return [k for k, _ in kept[:limit]]


def id_table(items: Sequence[str] | Sequence[int]) -> tf.lookup.StaticHashTable:
    """Makes the table from items to their numbers: padding is 0, unknown is 1, the first item is 2.

    Args:
        items: Distinct strings, or distinct integers (code points).
    """
    dtype = tf.int64 if items and isinstance(items[0], int) else tf.string
    keys = tf.constant(list(items), dtype=dtype)
    values = tf.range(RESERVED, len(items) + RESERVED, dtype=tf.int32)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), UNKNOWN_ID)


def decode_all(items: Iterable[bytes]) -> list[str]:
    """Turns UTF-8 byte strings into text."""
    return [item.decode("utf-8", "replace") for item in items]
