"""Words, characters and tags to numbers and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

PADDING_ID = 0
UNKNOWN_ID = 1
RESERVED = 2

# Where texts are written, not only read, the two ends of a text have numbers too.
BEGIN_ID = 2
END_ID = 3
RESERVED_WITH_ENDS = 4

# While counting, the rarest words are dropped whenever more distinct ones than this are held, so that a corpus larger
# than memory can be counted.
_MAX_DISTINCT = 4_000_000


class FrequencyCounter:
    """Counts strings or numbers of a stream in bounded memory.

    Lossy counting (Manku & Motwani 2002, "Approximate frequency counts over data streams", section 4.2): whatever comes
    in after others were dropped is given as many occurrences as they may have had. So nothing is ever undercounted, and
    whatever was met more often than `floor` times is held.

    Attributes:
        counts: Occurrences by item; exact as long as `floor` is 0, and at most `floor` too many later.
        floor: How many occurrences a dropped item may have had.
    """

    def __init__(self, max_distinct: int = _MAX_DISTINCT) -> None:
        """Makes an empty counter.

        Args:
            max_distinct: The rarest half is dropped beyond this many distinct ones.
        """
        self.counts: Counter = Counter()
        self.floor = 0
        self._max_distinct = max_distinct

    def add(self, items: np.ndarray) -> None:
        """Counts every element of an array."""
        items = items.tolist()
        if self.floor:
            self.counts.update(dict.fromkeys(set(items).difference(self.counts), self.floor))
        self.counts.update(items)
        if len(self.counts) > self._max_distinct:
            # Half at once: dropping a few whenever one comes in would cost a pass over all of them each time.
            dropped = sorted(self.counts.values())[len(self.counts) - self._max_distinct // 2 - 1]
            self.floor = max(self.floor, dropped)
            self.counts = Counter({item: n for item, n in self.counts.items() if n > self.floor})

    def most_frequent(self, limit: int | None = None, min_count: int = 1) -> list:
        """Returns the items, the most frequent first; ties in the items' own order, so that runs agree."""
        kept = [(k, n) for k, n in self.counts.items() if n >= min_count]
        kept.sort(key=lambda pair: (-pair[1], pair[0]))
        return [k for k, _ in kept[:limit]]


def id_table(items: Sequence[str] | Sequence[int], first: int = RESERVED) -> tf.lookup.StaticHashTable:
    """Makes the table from items to their numbers: padding is 0, unknown is 1, the first item is `first`.

    Args:
        items: Distinct strings, or distinct integers (code points). Where there is none, every string is unknown.
        first: The first item's number.
    """
    if not items:  # TensorFlow has no empty tables
        return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([""], [UNKNOWN_ID]), UNKNOWN_ID)
    keys = tf.constant(list(items), dtype=tf.int64 if isinstance(items[0], int) else tf.string)
    values = tf.range(first, len(items) + first, dtype=tf.int32)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), UNKNOWN_ID)


def decode_all(items: Iterable[bytes]) -> list[str]:
    """Turns UTF-8 byte strings into text."""
    return [item.decode("utf-8", "replace") for item in items]
