"""Captions to token numbers and back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.preprocessing.batching import streamed
from zoo.preprocessing.token_codec import TokenCodec, learn_tokens, with_ends_within
from zoo.preprocessing.tokenisation import tokenise

_LOG = logging.getLogger(__name__)

NO_TARGET = -1
_PUNCTUATION = r"[\p{P}\p{S}]+"
_COUNTED_TOGETHER = 1024  # captions


@dataclass(frozen=True)
class CaptionVocabulary:
    """What a captioner learnt from its training records before training.

    Attributes:
        words: Known words, the most frequent first, lower-cased.
    """

    words: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON-ready dictionary."""
        return {key: list(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Sequence]) -> CaptionVocabulary:
        """Makes a vocabulary from what `to_dict` returned."""
        return cls(**{key: tuple(value) for key, value in values.items()})


class Captions(NamedTuple):
    """Captions as a decoder learns them.

    Attributes:
        inputs: int32 [captions, time], what the decoder reads: the begin, then the words; padded with 0.
        targets: int32 [captions, time], what it is to say: the words, then the end, unless the caption was cut; padded
            with -1. An empty caption has no target at all, so that a record with fewer captions than its neighbours can
            be filled up with them.
        cut: int32 [captions], how many words were left out.
    """

    inputs: tf.Tensor
    targets: tf.Tensor
    cut: tf.Tensor


class CaptionCodec(tf.Module):
    """Numbers the words of captions and writes captions of numbers. Shared by training and serving.

    Words are lower-cased and punctuation is dropped, as it is where captions are scored (`zoo.metrics.captions`).

    Attributes:
        tokens: The codec of words; its `size` is how many numbers there are, reserved ones included.
        max_words: Longer captions are cut to this many words, and then have no end, so that nobody learns that they
            ended there.
    """

    def __init__(self, vocabulary: CaptionVocabulary, max_words: int) -> None:
        """Builds the look-up tables.

        Args:
            vocabulary: What was learnt from the training records.
            max_words: See the class.
        """
        super().__init__(name="caption_codec")
        self.tokens = TokenCodec(vocabulary.words, "words", lowercase=True)
        self.max_words = max_words

    def encode(self, captions: tf.Tensor) -> Captions:
        """Numbers captions, strings [captions]."""
        words = self.tokens.encode(without_punctuation(captions))
        length = tf.cast(words.row_lengths(), tf.int32)
        inputs, targets = with_ends_within(words, self.max_words)
        nothing = tf.equal(length, 0)[:, tf.newaxis]
        targets = tf.where(nothing, NO_TARGET, targets.to_tensor(NO_TARGET))
        return Captions(inputs.to_tensor(), targets, tf.maximum(length - self.max_words, 0))

    def decode(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Writes captions, strings [captions], of int32 [captions, time]; padding, begin and end become nothing."""
        return self.tokens.decode(token_ids)


def without_punctuation(captions: tf.Tensor) -> tf.Tensor:
    """Returns captions, strings [captions], as their words with blanks between; hyphens and clitics stay."""
    words = tokenise(captions).tokens
    kept = tf.ragged.boolean_mask(words, ~tf.strings.regex_full_match(words, _PUNCTUATION))
    return tf.strings.reduce_join(kept, axis=-1, separator=" ")


def normal_form(word: str) -> str:
    """Returns how the codec knows a word; nothing for a punctuation mark, which it does not."""
    return word.lower() if any(character.isalnum() for character in word) else ""


def hold_words(captions: tf.Tensor) -> tf.Tensor:
    """Whether there is a letter or a digit in each caption, bool of the captions' shape."""
    return tf.strings.regex_full_match(captions, r"(?s).*[\pL\pN].*")


def learn_vocabulary(
    records: tf.data.Dataset, *, max_words: int, limit: int | None = None, min_count: int = 1
) -> CaptionVocabulary:
    """Counts the words of the captions of a stream of records.

    Images are read along with their captions where the records say so, but not decoded; so that this is done once only,
    the captions' words (not the images) are all kept in memory until they have been counted.

    Args:
        records: Dictionaries with `captions`, strings [n].
        max_words: As `CaptionCodec`; how many captions are longer is logged.
        limit: Only so many words are known, the most frequent.
        min_count: Words seen less often are unknown.

    Raises:
        ValueError: There is no word in any caption, or none that is seen `min_count` times.
    """
    captions = records.map(lambda record: record["captions"]).unbatch()
    texts = captions.batch(_COUNTED_TOGETHER).map(without_punctuation).cache()
    words = learn_tokens(texts.unbatch(), "words", lowercase=True, limit=limit, min_count=min_count)
    lengths = np.concatenate(
        [*streamed(texts.map(lambda text: tf.strings.split(text).row_lengths())).as_numpy_iterator()]
    )
    if long := int(np.sum(lengths > max_words)):
        _LOG.warning(
            "%d of %d captions are longer than max_words=%d and lose their ends, %d words together",
            long, len(lengths), max_words, int(np.sum(np.maximum(lengths - max_words, 0))),
        )  # fmt: skip
    return CaptionVocabulary(words)
