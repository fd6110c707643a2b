"""Which records are learnt from, which choose the epoch, and which judge, where files do not say."""

from __future__ import annotations

import logging
from collections.abc import Callable

import tensorflow as tf

from zoo import datasets

_LOG = logging.getLogger(__name__)

_HELD_OUT = 10  # without a validation file, one training record in so many


def by_name(name: str, split: Callable[[tf.data.Dataset], tuple]) -> tuple[tf.data.Dataset, ...]:
    """Returns the three splits of a data set that is known by name."""
    train, test = (datasets.load(name, split=split) for split in ("train", "test"))
    if "validation" in datasets.splits(name):
        return train, datasets.load(name, split="validation"), test
    return (*held_out(train, f"{name} has no validation split", split), test)


def held_out(records: tf.data.Dataset, why: str, split: Callable[[tf.data.Dataset], tuple]) -> tuple:
    """Splits off a tenth for validation."""
    _LOG.warning("%s: a tenth of the training data is held out for validation", why)
    return split(records)


def every_tenth(records: tf.data.Dataset) -> tuple[tf.data.Dataset, tf.data.Dataset]:
    """Splits off every tenth record."""

    def part(chosen: bool) -> tf.data.Dataset:
        numbered = records.enumerate().filter(lambda number, _: ((number % _HELD_OUT) == 0) == chosen)
        return numbered.map(lambda _, record: record)

    return part(False), part(True)
