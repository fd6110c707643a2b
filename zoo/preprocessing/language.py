"""What a language model reads: texts to token numbers, labels to label numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import tensorflow as tf

from zoo.config.language_model import LanguageModelConfig
from zoo.preprocessing.batching import streamed
from zoo.preprocessing.labels import LabelCodec, ordered_labels
from zoo.preprocessing.token_codec import TokenCodec, learn_tokens
from zoo.preprocessing.vocabulary import FrequencyCounter, decode_all

_COUNTED_TOGETHER = 1024  # labels


@dataclass(frozen=True)
class LanguageVocabulary:
    """What a language model learnt from its training records before training.

    Attributes:
        tokens: Known tokens, the most frequent first.
        labels: What a text may begin with, in the order of their numbers; none where records have no label.
    """

    tokens: tuple[str, ...]
    labels: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON-ready dictionary."""
        return {key: list(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Sequence]) -> LanguageVocabulary:
        """Makes a vocabulary from what `to_dict` returned."""
        return cls(**{key: tuple(value) for key, value in values.items()})


class LanguagePreprocessor(tf.Module):
    """Numbers texts and labels, for training and serving alike.

    Attributes:
        vocabulary: What was learnt.
        codec: Texts to token numbers and back.
        labels: Labels to their numbers, or None where there are none.
    """

    def __init__(self, config: LanguageModelConfig, vocabulary: LanguageVocabulary) -> None:
        """Builds the look-up tables.

        Args:
            config: What a token is.
            vocabulary: What was learnt from the training records.
        """
        super().__init__(name="language_preprocessor")
        self.vocabulary = vocabulary
        self.codec = TokenCodec(vocabulary.tokens, config.tokens, config.lowercase)
        self.labels = LabelCodec(vocabulary.labels) if vocabulary.labels else None


def learn_vocabulary(records: tf.data.Dataset, config: LanguageModelConfig) -> LanguageVocabulary:
    """Counts the tokens, and collects the labels, of a stream of records.

    Args:
        records: Dictionaries with `text` and perhaps `label`, strings [].
        config: What a token is, and how many are known.

    Raises:
        ValueError: There is no token in any text, or labels meet a layout that has no place for them.
    """
    texts = records.map(lambda record: record["text"])
    tokens = learn_tokens(
        texts, config.tokens, lowercase=config.lowercase, limit=config.vocabulary_size, min_count=config.min_count
    )
    if "label" not in records.element_spec:
        return LanguageVocabulary(tokens)
    if config.layout == "streams":
        raise ValueError(
            "layout='streams' carries the state from text to text, so no label can begin one: "
            "use layout='texts', or records without `label`"
        )
    labels = FrequencyCounter()
    for chunk in streamed(records.map(lambda record: record["label"]).batch(_COUNTED_TOGETHER)).as_numpy_iterator():
        labels.add(chunk)
    return LanguageVocabulary(tokens, ordered_labels(decode_all(labels.counts)))
