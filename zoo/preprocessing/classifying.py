"""What a classifier reads: texts to word numbers, labels to class numbers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.config.classifier import ClassifierConfig
from zoo.preprocessing.batching import streamed
from zoo.preprocessing.labels import LabelCodec, ordered_labels
from zoo.preprocessing.tokenisation import tokenise
from zoo.preprocessing.vocabulary import FrequencyCounter, decode_all, id_table

_LOG = logging.getLogger(__name__)

# Line breaks of texts that were taken from web pages, as in the Large Movie Review Dataset.
_LINE_BREAK = r"(?i)<br\s*/?>"
_COUNTED_TOGETHER = 1024  # texts


@dataclass(frozen=True)
class ClassifierVocabulary:
    """What a classifier learnt from its training records before training.

    Attributes:
        words: Known words, the most frequent first, as normalised by the configuration.
        labels: The classes' names: in order of value where all are numbers, else sorted.
    """

    words: tuple[str, ...]
    labels: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON-ready dictionary."""
        return {key: list(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Sequence]) -> ClassifierVocabulary:
        """Makes a vocabulary from what `to_dict` returned."""
        return cls(**{key: tuple(value) for key, value in values.items()})


class Words(NamedTuple):
    """The words of a batch of texts.

    Attributes:
        tokens: Ragged strings [batch, time], as they stand in the texts, at most `max_tokens` of each.
        cut: How many tokens of each text were left out, int32 [batch].
    """

    tokens: tf.RaggedTensor
    cut: tf.Tensor


class ClassifierPreprocessor(tf.Module):
    """Turns texts and labels into the classifier's tensors. Shared by training and serving, so they cannot drift."""

    def __init__(self, config: ClassifierConfig, vocabulary: ClassifierVocabulary) -> None:
        """Builds the look-up tables.

        Args:
            config: How words are normalised and texts are cut.
            vocabulary: What was learnt from the training records.
        """
        super().__init__(name="classifier_preprocessor")
        self.config = config
        self.vocabulary = vocabulary
        self._word_ids = id_table(vocabulary.words)
        self._labels = LabelCodec(vocabulary.labels)

    def words(self, texts: tf.Tensor) -> Words:
        """Cuts texts, strings [batch], into words; long ones keep their two ends."""
        return words(texts, self.config)

    def token_ids(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        """Numbers words: ragged int32 [batch, time], never 0."""
        return tokens.with_flat_values(self._word_ids.lookup(normalise(tokens.flat_values, self.config)))

    def inputs(self, token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns `token_ids` int32 [batch, time] and `padding_mask` bool [batch, time] (True = a word).

        Args:
            token_ids: int32 [batch, time], padded with 0 on the right.
        """
        return {"token_ids": token_ids, "padding_mask": token_ids > 0}

    def targets(self, labels: tf.Tensor) -> tf.Tensor:
        """Numbers labels, strings [batch]: int32 [batch].

        Raises:
            tf.errors.InvalidArgumentError: A label that training did not have.
        """
        return self._labels.encode(labels)


def words(texts: tf.Tensor, config: ClassifierConfig) -> Words:
    """Cuts texts, strings [batch], into words; those of more than `max_tokens` keep their two ends."""
    tokens = tokenise(tf.strings.regex_replace(texts, _LINE_BREAK, " ")).tokens
    if config.max_tokens is None:
        return Words(tokens, tf.zeros_like(texts, tf.int32))
    head = config.max_tokens - config.max_tokens // 2
    cut = tf.maximum(tf.cast(tokens.row_lengths(), tf.int32) - config.max_tokens, 0)
    kept = tf.concat([tokens[:, :head], tokens[:, head:][:, -(config.max_tokens - head) :]], axis=1)
    return Words(kept, cut)


def normalise(tokens: tf.Tensor, config: ClassifierConfig) -> tf.Tensor:
    """Returns tokens as the word vocabulary knows them, shape unchanged."""
    return tf.strings.lower(tokens, encoding="utf-8") if config.lowercase else tokens


def normal_form(word: str, config: ClassifierConfig) -> str:
    """Returns what `normalise` makes of one word, without TensorFlow."""
    return word.lower() if config.lowercase else word


def learn_vocabulary(records: tf.data.Dataset, config: ClassifierConfig) -> ClassifierVocabulary:
    """Counts the words and labels of a stream of records, in bounded memory.

    Args:
        records: Dictionaries with `text` and `label`, strings [].
        config: Caps and normalisation.

    Raises:
        ValueError: There is no record at all, no word in any, or only one label.
    """

    def countable(batch: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        tokens, cut = words(batch["text"], config)
        return normalise(tokens.flat_values, config), cut, batch["label"]

    counted, labels = FrequencyCounter(), FrequencyCounter()
    texts = long_texts = left_out = 0
    chunks = records.batch(_COUNTED_TOGETHER).map(countable, num_parallel_calls=2)
    for word_chunk, cut, label_chunk in streamed(chunks).as_numpy_iterator():
        counted.add(word_chunk)
        labels.add(label_chunk)
        texts += len(cut)
        long_texts += int(np.sum(cut > 0))
        left_out += int(np.sum(cut))
    if not counted.counts:
        raise ValueError("the training data holds no text: check the file or the data set's split")
    if long_texts:
        _LOG.warning(
            "%d of %d texts are longer than max_tokens=%d and keep their two ends: %d tokens in their middles are not "
            "read", long_texts, texts, config.max_tokens, left_out,
        )  # fmt: skip
    known = dict.fromkeys(decode_all(counted.most_frequent(config.vocabulary_size, config.min_count)))
    classes = ordered_labels(decode_all(labels.counts))
    if len(classes) < 2:
        raise ValueError(
            f"the training data has one label only, {classes[0]!r}: there is nothing to learn; "
            "check the label column, or add texts with another label"
        )
    return ClassifierVocabulary(words=tuple(known), labels=classes)
