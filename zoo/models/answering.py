"""Answers in the order of the questions, worked out in batches of similar length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.preprocessing.batching import streamed

TOKEN_BUDGET = 16_384  # padded tokens a batch when answering: one long text must not blow up 255 short ones
BATCH = 256  # records a batch at most, when answering
WINDOW = 8192  # records sorted by length together; more than this is streamed


def in_order(
    lengths: Sequence[int], answer: Callable[[np.ndarray], Iterable[Any]], batch_size: int | None = None
) -> list[Any]:
    """Answers in batches of similar length and puts the answers in the order of the records.

    Args:
        lengths: Time steps of each record.
        answer: From the numbers of some records to an answer for each, in their order.
        batch_size: Records a batch at most.
    """
    answers: list[Any] = [None] * len(lengths)
    for rows in within_budget(np.argsort(lengths, kind="stable"), lengths, batch_size or BATCH):
        for row, one in zip(rows, answer(rows), strict=True):
            answers[row] = one
    return answers


def within_budget(order: np.ndarray, lengths: Sequence[int], batch_size: int) -> Iterator[np.ndarray]:
    """Cuts rows, the shortest first, into batches whose padded size stays within `TOKEN_BUDGET`."""
    first = 0
    for place in range(1, len(order) + 1):
        rows = place + 1 - first
        if place == len(order) or rows > batch_size or rows * lengths[order[place]] > TOKEN_BUDGET:
            yield order[first:place]
            first = place


def windows_of_texts(x: Any) -> Iterator[tf.Tensor]:
    """Cuts a list of texts, or a dataset of records with `text`, into strings [at most `WINDOW`].

    Raises:
        TypeError: `x` is something else.
        ValueError: The dataset's records have no `text`, or are batched.
    """
    if isinstance(x, tf.data.Dataset):
        single_text(x)
        yield from streamed(x.map(lambda record: record["text"]).batch(WINDOW))
        return
    if isinstance(x, (str, bytes, Mapping)) or not isinstance(x, Iterable):
        raise TypeError(f"predict takes a list of texts, not {type(x).__name__}: write [{x!r}]")
    texts = list(x)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"text {number} (from 0): expected a string, got {text!r}")
    for first in range(0, len(texts), WINDOW):
        yield tf.constant([text.encode(errors="replace") for text in texts[first : first + WINDOW]], tf.string)


def single_text(records: tf.data.Dataset) -> None:
    """Checks that the records of a dataset have one `text` each.

    Raises:
        ValueError: They have none, or are batched.
    """
    spec = records.element_spec
    if not isinstance(spec, dict) or "text" not in spec:
        raise ValueError(f"expected records with `text`; these have {sorted(spec) if isinstance(spec, dict) else spec}")
    if getattr(spec["text"], "shape", tf.TensorShape(None)).rank not in (0, None):
        raise ValueError(f"`text` has shape {spec['text'].shape}: records must be single, so leave out .batch()")
