"""Dialogues to token numbers and back: turns of words, words that are said next, acts and emotions of turns."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.preprocessing.batching import ragged, streamed
from zoo.preprocessing.labels import LabelCodec, ordered_labels
from zoo.preprocessing.token_codec import TokenCodec, learn_tokens, split, with_ends_within
from zoo.preprocessing.vocabulary import FrequencyCounter, decode_all

_LOG = logging.getLogger(__name__)

NO_LABEL = -1
_COUNTED_TOGETHER = 256  # dialogues
_LABELS = ("acts", "emotions")


@dataclass(frozen=True)
class DialogueVocabulary:
    """What a model of dialogues learnt from its training records before training.

    Attributes:
        words: Known words and punctuation marks, the most frequent first.
        acts: What a turn may do, in the order of their numbers; none where records do not say.
        emotions: What may be felt in a turn, likewise.
    """

    words: tuple[str, ...]
    acts: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns a JSON-ready dictionary."""
        return {key: list(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Sequence]) -> DialogueVocabulary:
        """Makes a vocabulary from what `to_dict` returned."""
        return cls(**{key: tuple(value) for key, value in values.items()})


class Turns(NamedTuple):
    """The turns of a batch of dialogues, as numbers.

    Attributes:
        token_ids: int32 [batch, turns, words], the words of each turn, then the end; padded with 0. These are what an
            encoder reads and, turn by turn, the targets of a decoder.
        inputs: int32 [batch, turns, words], what a decoder reads while it says them: the begin, then the words; 0
            wherever `token_ids` is.
        turn_mask: bool [batch, turns], True at turns.
        turns_cut: int32 [batch], how many turns were left out at a dialogue's beginning.
        words_cut: int32 [batch], how many words were left out at the ends of the turns that are kept.
    """

    token_ids: tf.Tensor
    inputs: tf.Tensor
    turn_mask: tf.Tensor
    turns_cut: tf.Tensor
    words_cut: tf.Tensor


class DialogueCodec(tf.Module):
    """Numbers the turns of dialogues and their labels, and writes turns. Shared by training and serving.

    A dialogue of more than `max_turns` keeps its last ones, which the reply depends on most. A turn of more than
    `max_words` keeps its first ones, and has no end, so that nobody learns that it ended there. `Turns` says how much
    was left out.

    Attributes:
        vocabulary: What was learnt.
        tokens: The codec of words; its `size` is how many numbers there are, reserved ones included.
        labels: For `acts` and `emotions`, where there are any, the codec of the labels.
        max_turns: See above; None keeps all.
        max_words: Likewise.
    """

    def __init__(
        self,
        vocabulary: DialogueVocabulary,
        *,
        lowercase: bool = True,
        max_turns: int | None = None,
        max_words: int | None = None,
    ) -> None:
        """Builds the look-up tables.

        Args:
            vocabulary: What was learnt from the training records.
            lowercase: Whether words are lower-cased, as they were when the vocabulary was learnt.
            max_turns: See the class.
            max_words: See the class.
        """
        super().__init__(name="dialogue_codec")
        self.vocabulary = vocabulary
        self.tokens = TokenCodec(vocabulary.words, "words", lowercase)
        self.labels = {name: LabelCodec(known) for name in _LABELS if (known := getattr(vocabulary, name))}
        self.max_turns = max_turns
        self.max_words = max_words

    def encode(self, turns: tf.Tensor | tf.RaggedTensor) -> Turns:
        """Numbers the turns of dialogues.

        Args:
            turns: Strings [batch, turns], ragged or padded; turns of white space alone are padding wherever they stand.

        Returns:
            At least one turn and one word wide, so that recurrent layers have something to run over.
        """
        turns = _without_blank(turns, turns)
        kept = self._last(turns)
        words = self.tokens.encode(kept.flat_values)
        length = tf.cast(words.row_lengths(), tf.int32)
        limit = tf.int32.max if self.max_words is None else self.max_words
        inputs, targets = (_padded(kept.with_flat_values(ids)) for ids in with_ends_within(words, self.max_words))
        return Turns(
            token_ids=targets,
            inputs=inputs,
            turn_mask=targets[:, :, 0] > 0,
            turns_cut=tf.cast(turns.row_lengths() - kept.row_lengths(), tf.int32),
            words_cut=tf.reduce_sum(kept.with_flat_values(tf.maximum(length - limit, 0)), axis=1),
        )

    def encode_labels(self, name: str, labels: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
        """Numbers the labels of turns.

        Args:
            name: `"acts"` or `"emotions"`.
            labels: Strings [batch, turns], ragged or padded.
            turns: The turns that they belong to, as given to `encode`.

        Returns:
            int32 [batch, turns] beside the turns that `encode` keeps, `NO_LABEL` (-1) at padding.

        Raises:
            tf.errors.InvalidArgumentError: A label that training did not have.
        """
        kept = self._last(_without_blank(labels, turns))
        return _padded(kept.with_flat_values(self.labels[name].encode(kept.flat_values)), NO_LABEL)

    def decode(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Writes turns, strings [turns], of int32 [turns, words]; padding, begin and end become nothing."""
        return self.tokens.decode(token_ids)

    def _last(self, rows: tf.RaggedTensor) -> tf.RaggedTensor:
        return rows if self.max_turns is None else rows[:, -self.max_turns :]


def _without_blank(values: tf.Tensor | tf.RaggedTensor, turns: tf.Tensor | tf.RaggedTensor) -> tf.RaggedTensor:
    """Keeps of values [batch, turns], ragged or not, those whose turn is not blank."""
    values, turns = ragged(values), ragged(turns)
    there = tf.not_equal(tf.strings.strip(turns.flat_values), "")
    return tf.ragged.boolean_mask(values, turns.with_flat_values(there))


def _padded(rows: tf.RaggedTensor, value: int = 0) -> tf.Tensor:
    """Pads rows [batch, turns] or [batch, turns, words] to the longest, and to at least one turn and one word."""
    dense = rows.to_tensor(value)
    missing = tf.maximum(1 - tf.shape(dense)[1:], 0)
    return tf.pad(dense, [[0, 0], *([0, missing[axis]] for axis in range(dense.shape.rank - 1))], constant_values=value)


def learn_vocabulary(
    records: tf.data.Dataset,
    *,
    lowercase: bool = True,
    limit: int | None = None,
    min_count: int = 1,
    max_turns: int | None = None,
    max_words: int | None = None,
) -> DialogueVocabulary:
    """Counts the words, and collects the labels, of a stream of records, in bounded memory.

    How many dialogues and turns are longer than the limits is logged.

    Args:
        records: Dictionaries with `turns`, and perhaps `acts` and `emotions`, strings [n].
        lowercase: Whether words are lower-cased.
        limit: Only so many words are known, the most frequent.
        min_count: Words seen less often are unknown.
        max_turns: As `DialogueCodec`.
        max_words: As `DialogueCodec`.

    Raises:
        ValueError: There is no word in any turn, or none that is seen `min_count` times.
    """
    turns = records.map(lambda record: record["turns"])
    words = learn_tokens(turns.unbatch(), "words", lowercase=lowercase, limit=limit, min_count=min_count)
    if max_turns is not None or max_words is not None:
        _tell_what_is_cut(turns, max_turns, max_words)
    labels = {name: _learn_labels(records, name) for name in _LABELS if name in records.element_spec}
    return DialogueVocabulary(words, **labels)


def _tell_what_is_cut(turns: tf.data.Dataset, max_turns: int | None, max_words: int | None) -> None:
    """Logs how much of dialogues, strings [n], is beyond the limits."""

    def lengths(batch: tf.RaggedTensor | tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = ragged(batch)
        kept = batch if max_turns is None else batch[:, -max_turns:]
        return batch.row_lengths(), split(kept.flat_values, "words").row_lengths()

    found = [*streamed(turns.ragged_batch(_COUNTED_TOGETHER).map(lengths)).as_numpy_iterator()]
    in_dialogue, in_turn = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if max_turns is not None and (long := int(np.sum(in_dialogue > max_turns))):
        _LOG.warning(
            "%d of %d dialogues are longer than max_turns=%d and lose their beginnings, %d turns together",
            long, len(in_dialogue), max_turns, int(np.sum(np.maximum(in_dialogue - max_turns, 0))),
        )  # fmt: skip
    if max_words is not None and (long := int(np.sum(in_turn > max_words))):
        _LOG.warning(
            "%d of %d turns are longer than max_words=%d and lose their ends, %d words together",
            long, len(in_turn), max_words, int(np.sum(np.maximum(in_turn - max_words, 0))),
        )  # fmt: skip


def _learn_labels(records: tf.data.Dataset, name: str) -> tuple[str, ...]:
    """Collects labels."""
    counter = FrequencyCounter()
    labels = records.map(lambda record: record[name]).ragged_batch(_COUNTED_TOGETHER)
    for chunk in streamed(labels.map(lambda batch: ragged(batch).flat_values)).as_numpy_iterator():
        counter.add(chunk)
    return ordered_labels(decode_all(counter.counts))
