"""Whatever a tagger is given, as single records to learn from or as windows of sentences to answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.preprocessing.batching import ragged, streamed
from zoo.preprocessing.tokenisation import tokenise

TOKEN_BUDGET = 16_384  # padded tokens a batch when answering: one long text must not blow up 255 short ones
_PREDICT_WINDOW = 8192  # sentences sorted by length together; more than this is streamed


def tagged_dataset(records: tf.data.Dataset) -> tf.data.Dataset:
    """Checks a dataset's fields and every record of it, and tokenises texts."""
    spec = records.element_spec
    fields = sorted(spec) if isinstance(spec, dict) else spec
    if not isinstance(spec, dict) or "tags" not in spec or not {"tokens", "text"} & set(spec):
        raise ValueError(f"a tagger learns from records with `tokens` (or `text`) and `tags`; these have {fields}")
    field = _single_field(spec)

    def checked(record: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        tokens, tags = record[field], record["tags"]
        if field == "text":
            tokens = tokenise(tokens[tf.newaxis]).tokens[0]
        as_many = tf.equal(tf.size(tokens), tf.size(tags))
        checks = [
            tf.debugging.Assert(as_many, ["a record has other numbers of tokens and tags:", tokens, tags]),
            tf.debugging.Assert(tf.reduce_all(tf.not_equal(tokens, "")), ["a record has an empty token:", tokens]),
            tf.debugging.Assert(tf.reduce_all(tf.not_equal(tags, "")), ["a record has an empty tag:", tags]),
        ]
        with tf.control_dependencies(checks):
            return {"tokens": tf.identity(tokens), "tags": tf.identity(tags)}

    return records.map(checked)


def _single_field(spec: Mapping[str, tf.TensorSpec]) -> str:
    """Returns the field that holds the sentence, `tokens` [time] or `text` []."""
    for field, rank in (("tokens", 1), ("text", 0)):
        if field in spec:
            if getattr(spec[field], "shape", tf.TensorShape(None)).rank not in (rank, None):
                raise ValueError(
                    f"`{field}` has shape {spec[field].shape}: records must be single, so leave out .batch()"
                )
            return field
    raise ValueError(f"a tagger reads records with `tokens` or `text`; these have {sorted(spec)}")


def windows(x: Any) -> Iterator[tuple[tf.RaggedTensor, list[list[str]]]]:
    """Cuts whatever `predict` takes into ragged strings [sentences, time], and the same as Python strings."""
    if isinstance(x, tf.data.Dataset):
        field = _single_field(x.element_spec if isinstance(x.element_spec, dict) else {})
        for batch in streamed(x.map(lambda record: record[field]).ragged_batch(_PREDICT_WINDOW)):
            yield _with_words(ragged(batch) if field == "tokens" else tokenise(batch).tokens)
        return
    if isinstance(x, (str, bytes)) or not isinstance(x, Iterable):
        raise TypeError(f"predict takes a list of texts or of token lists, not {type(x).__name__}: write [{x!r}]")
    sentences = list(x)
    for first in range(0, len(sentences), _PREDICT_WINDOW):
        window = sentences[first : first + _PREDICT_WINDOW]
        if all(isinstance(sentence, str) for sentence in window):
            yield _with_words(tokenise(tf.constant(window, tf.string)).tokens)
        else:
            yield _from_lists(window, first)


def within_budget(order: np.ndarray, lengths: Sequence[int], batch_size: int) -> Iterator[np.ndarray]:
    """Cuts rows, the shortest first, into batches whose padded size stays within `TOKEN_BUDGET`."""
    first = 0
    for place in range(1, len(order) + 1):
        rows = place + 1 - first
        if place == len(order) or rows > batch_size or rows * lengths[order[place]] > TOKEN_BUDGET:
            yield order[first:place]
            first = place


def _with_words(sentences: tf.RaggedTensor) -> tuple[tf.RaggedTensor, list[list[str]]]:
    return sentences, [[word.decode("utf-8", "replace") for word in row] for row in sentences.to_list()]


def _from_lists(sentences: Sequence, first: int) -> tuple[tf.RaggedTensor, list[list[str]]]:
    for number, sentence in enumerate(sentences, first):
        tokens = isinstance(sentence, Iterable) and not isinstance(sentence, (str, bytes, Mapping))
        if not tokens or not all(isinstance(token, str) and token for token in sentence):
            raise ValueError(
                f"sentence {number}: expected a list of non-empty strings (or all texts), got {sentence!r}"
            )
    flat = [token for sentence in sentences for token in sentence]
    lengths = [len(sentence) for sentence in sentences]
    return tf.RaggedTensor.from_row_lengths(tf.constant(flat, tf.string), lengths), [list(row) for row in sentences]
