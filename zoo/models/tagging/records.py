"""Whatever a tagger is given, as single records to learn from or as windows of sentences to answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.models.answering import WINDOW
from zoo.preprocessing.batching import mapped_in_place, ragged, streamed
from zoo.preprocessing.tokenisation import tokenise


class SentenceWindow(NamedTuple):
    """Sentences that are answered together.

    Attributes:
        tokens: Ragged strings [sentences, time].
        words: The same as Python strings.
    """

    tokens: tf.RaggedTensor
    words: list[list[str]]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sentence."""
        return [len(words) for words in self.words]


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

    return mapped_in_place(records, checked)


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


def windows(x: Any) -> Iterator[SentenceWindow]:
    """Cuts whatever `predict` takes into windows of sentences."""
    if isinstance(x, tf.data.Dataset):
        field = _single_field(x.element_spec if isinstance(x.element_spec, dict) else {})
        for batch in streamed(x.map(lambda record: record[field]).ragged_batch(WINDOW)):
            yield _with_words(ragged(batch) if field == "tokens" else tokenise(batch).tokens)
        return
    if isinstance(x, (str, bytes)) or not isinstance(x, Iterable):
        raise TypeError(f"predict takes a list of texts or of token lists, not {type(x).__name__}: write [{x!r}]")
    sentences = list(x)
    for first in range(0, len(sentences), WINDOW):
        window = sentences[first : first + WINDOW]
        if all(isinstance(sentence, str) for sentence in window):
            yield _with_words(tokenise(tf.constant(window, tf.string)).tokens)
        else:
            yield _from_lists(window, first)


def _with_words(sentences: tf.RaggedTensor) -> SentenceWindow:
    return SentenceWindow(sentences, [[word.decode("utf-8", "replace") for word in row] for row in sentences.to_list()])


def _from_lists(sentences: Sequence, first: int) -> SentenceWindow:
    for number, sentence in enumerate(sentences, first):
        tokens = isinstance(sentence, Iterable) and not isinstance(sentence, (str, bytes, Mapping))
        if not tokens or not all(isinstance(token, str) and token for token in sentence):
            raise ValueError(
                f"sentence {number}: expected a list of non-empty strings (or all texts), got {sentence!r}"
            )
    flat = [token for sentence in sentences for token in sentence]
    lengths = [len(sentence) for sentence in sentences]
    tokens = tf.RaggedTensor.from_row_lengths(tf.constant(flat, tf.string), lengths)
    return SentenceWindow(tokens, [list(row) for row in sentences])
