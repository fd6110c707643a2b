"""What a tagger reads: tokens to word and character numbers, tags to tag numbers."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from zoo import tag_schemes
from zoo.config.tagger import TaggerConfig
from zoo.preprocessing.batching import ragged, streamed
from zoo.preprocessing.tags import TagCodec
from zoo.preprocessing.vocabulary import FrequencyCounter, decode_all, id_table

NUM_CASES = 10

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaggerVocabulary:
    """What a tagger learnt from its training records before training.

    Attributes:
        words: Known words, the most frequent first, as normalised by the configuration.
        counts: How often each word was seen in training.
        characters: Known characters as code points, the most frequent first.
        entity_types: What kinds of entities there are, sorted; empty where tags are 0 and 1.
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]
    characters: tuple[int, ...]
    entity_types: tuple[str, ...]

    @property
    def binary(self) -> bool:
        """Whether the tags are 0 and 1."""
        return not self.entity_types

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON-ready dictionary."""
        return {key: list(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Sequence]) -> TaggerVocabulary:
        """Makes a vocabulary from what `to_dict` returned."""
        return cls(**{key: tuple(value) for key, value in values.items()})


class TaggerPreprocessor(tf.Module):
    """Turns padded tokens and tags into the tagger's tensors. Shared by training and serving, so they cannot drift."""

    def __init__(self, config: TaggerConfig, vocabulary: TaggerVocabulary) -> None:
        """Builds the look-up tables.

        Args:
            config: How words and characters are normalised and cut.
            vocabulary: What was learnt from the training records.
        """
        super().__init__(name="tagger_preprocessor")
        self.config = config
        self.vocabulary = vocabulary
        self._word_ids = id_table(vocabulary.words)
        self._char_ids = id_table(vocabulary.characters)
        self.tags = TagCodec(vocabulary.entity_types, "binary" if vocabulary.binary else config.tag_scheme)

    def inputs(self, tokens: tf.Tensor) -> dict[str, tf.Tensor]:
        """Numbers the words and characters of a batch.

        Args:
            tokens: Strings [batch, time], padded with empty strings.

        Returns:
            `token_ids` int32 [batch, time], `padding_mask` bool [batch, time] (True = a token) and, if the
            configuration wants them, `case_ids` int32 [batch, time] and `char_ids` int32 [batch, time, chars].
        """
        # Words come again and again; what is known of one is worked out once a batch.
        words, places = tf.unique(tf.reshape(tokens, [-1]))
        places = tf.reshape(places, tf.shape(tokens))
        tensors = {"token_ids": tf.where(tf.equal(words, ""), 0, self._word_ids.lookup(normalise(words, self.config)))}
        if self.config.case_dim:
            tensors["case_ids"] = case_ids(words)
        if self.config.characters != "none":
            tensors["char_ids"] = self._characters(words)
        tensors = {name: tf.gather(values, places) for name, values in tensors.items()}
        return {**tensors, "padding_mask": tf.not_equal(tokens, "")}

    def targets(self, tags: tf.Tensor, training: bool) -> tf.Tensor:
        """Numbers the tags of a batch: int32 [batch, time] in the model's scheme, -1 at padding.

        Args:
            tags: Strings [batch, time], IOB1, IOB2, BIOES or 0/1, padded with empty strings on the right.
            training: Whether tags that the vocabulary does not have are an error. Otherwise they get numbers beyond the
                model's tags, so that evaluation counts them as missed.

        Raises:
            tf.errors.InvalidArgumentError: An unknown tag in training, or any but 0 and 1 where those are the tags.
        """
        checks = []
        if training or self.tags.scheme == "binary":
            different, _ = tf.unique(tf.reshape(tags, [-1]))
            unseen = tf.boolean_mask(different, self.tags.unseen(different))
            known = ", ".join(self.tags.outer_names)
            message = f"tags that the model has not learnt (it knows {known}):"
            checks = [tf.debugging.Assert(tf.equal(tf.size(unseen), 0), [message, unseen])]
        with tf.control_dependencies(checks):
            return self.tags.inner_ids(self.tags.outer_ids(tf.identity(tags)))

    def _characters(self, words: tf.Tensor) -> tf.Tensor:
        """Returns int32 [words, chars]; a long word keeps its two ends, where affixes are."""
        code_points = tf.strings.unicode_decode(words, "UTF-8")
        ids = self._char_ids.lookup(tf.cast(code_points.flat_values, tf.int64))
        lengths = tf.cast(code_points.row_lengths(), tf.int32)
        kept = tf.minimum(lengths, self.config.max_word_chars)
        places = tf.range(tf.maximum(tf.reduce_max(tf.pad(kept, [[0, 1]])), 1))
        head = self.config.max_word_chars - self.config.max_word_chars // 2
        left_out = tf.where(places < head, 0, (lengths - kept)[:, tf.newaxis])
        starts = tf.cast(code_points.row_starts(), tf.int32)[:, tf.newaxis]
        sources = tf.where(places < kept[:, tf.newaxis], starts + left_out + places, tf.size(ids))
        return tf.gather(tf.pad(ids, [[0, 1]]), sources)


def case_ids(tokens: tf.Tensor) -> tf.Tensor:
    """Numbers how each token is written; int32 of the same shape.

    0 padding or no letters, 1 lower case, 2 UPPER CASE of several letters, 3 Capitalised or a single capital, 4 mIxed.
    A digit anywhere adds 5.
    """
    lower = tf.equal(tf.strings.lower(tokens, "utf-8"), tokens)
    upper = tf.equal(tf.strings.upper(tokens, "utf-8"), tokens)
    first_only = tf.strings.regex_full_match(tokens, r"\P{L}*\p{Lu}[^\p{Lu}]*")
    case = tf.where(first_only, 3, tf.where(upper, 2, 4))
    case = tf.where(lower, tf.where(upper, 0, 1), case)
    return case + tf.where(tf.strings.regex_full_match(tokens, r".*\p{Nd}.*"), NUM_CASES // 2, 0)


def normalise(tokens: tf.Tensor, config: TaggerConfig) -> tf.Tensor:
    """Returns tokens as the word vocabulary knows them, shape unchanged."""
    if config.lowercase:  # first, so that a graph does it once for this and for `case_ids`
        tokens = tf.strings.lower(tokens, encoding="utf-8")
    if config.normalise_digits:
        tokens = tf.strings.regex_replace(tokens, r"\p{Nd}", "0")
    return tokens


def normal_form(word: str, config: TaggerConfig) -> str:
    """Returns what `normalise` makes of one word, without TensorFlow."""
    if config.normalise_digits:
        word = re.sub(r"\d", "0", word)
    return word.lower() if config.lowercase else word


def learn_vocabulary(records: tf.data.Dataset, config: TaggerConfig) -> TaggerVocabulary:
    """Counts the words, characters and tags of a stream of records, in bounded memory.

    Args:
        records: Dictionaries with `tokens` and `tags`, strings [time], the tags in IOB2 or 0/1.
        config: Caps and normalisation.

    Raises:
        ValueError: There is no record at all, or no entity in any.
    """
    words, characters, tags = FrequencyCounter(), FrequencyCounter(), FrequencyCounter()
    long_words = long_sentences = 0
    chunks = records.ragged_batch(1024).map(lambda batch: _countable(batch, config))
    for word_chunk, code_points, tag_chunk, word_lengths, sentence_lengths in streamed(chunks).as_numpy_iterator():
        words.add(word_chunk)
        characters.add(code_points)
        tags.add(tag_chunk)
        long_words += int(np.sum(word_lengths > config.max_word_chars))
        long_sentences += int(np.sum(sentence_lengths > (config.max_tokens or np.inf)))
    if not words.counts:
        raise ValueError("the training data holds no sentence: check the file or the data set's split")
    if long_words and config.characters != "none":
        _LOG.warning(
            "%d words are longer than max_word_chars=%d: their middle is not read", long_words, config.max_word_chars
        )
    if long_sentences:
        _LOG.warning(
            "%d sentences are longer than max_tokens=%d: training cuts them", long_sentences, config.max_tokens
        )
    # Byte strings that are not UTF-8 may become the same text.
    known = {}
    for word in words.most_frequent(config.vocabulary_size, config.min_count):
        known.setdefault(word.decode("utf-8", "replace"), words.counts[word])
    return TaggerVocabulary(
        words=tuple(known),
        counts=tuple(known.values()),
        characters=tuple(characters.most_frequent()),
        entity_types=_entity_types(decode_all(tags.counts)),
    )


def _countable(batch: dict[str, tf.RaggedTensor | tf.Tensor], config: TaggerConfig) -> tuple[tf.Tensor, ...]:
    """Returns normalised words, code points, tags, and the lengths of words and sentences."""
    tokens = ragged(batch["tokens"])
    words = normalise(tokens.flat_values, config)
    code_points = tf.strings.unicode_decode(tokens.flat_values, "UTF-8")
    tags = ragged(batch["tags"]).flat_values
    return words, code_points.flat_values, tags, code_points.row_lengths(), tokens.row_lengths()


def _entity_types(tags: list[str]) -> tuple[str, ...]:
    """Returns the types that the tags name, sorted; none where the tags are 0 and 1."""
    types = sorted({kind for prefix, kind in map(tag_schemes.split, tags) if prefix != "O"})
    if not types:
        raise ValueError(
            "the training data holds no entity, only O or 0: there is nothing to learn; check the tag column"
        )
    return () if "1" in tags else tuple(types)
