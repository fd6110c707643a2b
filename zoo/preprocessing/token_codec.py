"""Text to token numbers and back, for models that write: characters, words, or whatever blanks separate."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import tensorflow as tf

from zoo.preprocessing.batching import streamed
from zoo.preprocessing.tokenisation import join_after, join_words, tokenise
from zoo.preprocessing.vocabulary import (
    BEGIN_ID,
    END_ID,
    PADDING_ID,
    RESERVED_WITH_ENDS,
    UNKNOWN_ID,
    FrequencyCounter,
    id_table,
)

_LOG = logging.getLogger(__name__)

Kind = Literal["characters", "words", "blanks"]

UNKNOWN_WORD = "<unk>"
_UNKNOWN_CHARACTER = "\ufffd"
_COUNTED_TOGETHER = 256  # texts


class TokenCodec(tf.Module):
    """Numbers the tokens of texts, and writes texts of numbers; the one place that knows how the two belong together.

    0 is padding, 1 the unknown token, 2 and 3 the begin and the end of a text, and the first known token is 4.

    Attributes:
        tokens: The known tokens, in the order of their numbers.
        kind: What a token is: a character, a word, or what stands between blanks.
        lowercase: Whether words are lower-cased.
        size: How many numbers there are, reserved ones included.
    """

    def __init__(self, tokens: Sequence[str], kind: Kind, lowercase: bool = False) -> None:
        """Builds the look-up tables.

        Args:
            tokens: See the class.
            kind: See the class.
            lowercase: See the class.
        """
        super().__init__(name="token_codec")
        self.tokens = tuple(tokens)
        self.kind = kind
        self.lowercase = lowercase
        self.size = RESERVED_WITH_ENDS + len(self.tokens)
        keys = [ord(token) for token in self.tokens] if kind == "characters" else self.tokens
        self._ids = id_table(keys, RESERVED_WITH_ENDS)
        unknown = _UNKNOWN_CHARACTER if kind == "characters" else UNKNOWN_WORD
        self._strings = tf.constant(["", unknown, "", "", *self.tokens])

    def encode(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Numbers the tokens of texts, without begin and end.

        Args:
            texts: Strings [batch].

        Returns:
            Ragged int32 [batch, time], never 0.
        """
        pieces = split(texts, self.kind, self.lowercase)
        values = pieces.flat_values
        return pieces.with_flat_values(self._ids.lookup(tf.cast(values, self._ids.key_dtype)))

    def tokens_of(self, text: str) -> list[str]:
        """Returns a text's tokens as they are read, known or not."""
        pieces = split(tf.constant([text.encode(errors="replace")]), self.kind, self.lowercase).flat_values.numpy()
        return [chr(piece) if self.kind == "characters" else piece.decode("utf-8", "replace") for piece in pieces]

    def decode(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Writes texts; padding, begin and end become nothing.

        Args:
            token_ids: int32 [batch, time].

        Returns:
            Strings [batch].
        """
        pieces = tf.gather(self._strings, token_ids)
        if self.kind == "characters":
            return tf.strings.reduce_join(pieces, axis=-1)
        written = tf.ragged.boolean_mask(pieces, tf.not_equal(pieces, ""))
        if self.kind == "words":
            return join_words(written)
        return tf.strings.reduce_join(written, axis=-1, separator=" ")

    def continuation(self, prompts: tf.Tensor, token_ids: tf.Tensor) -> tf.Tensor:
        """Writes what follows a text: begins with a blank where one belongs between the two.

        Args:
            prompts: Strings [batch].
            token_ids: int32 [batch, time].

        Returns:
            Strings [batch].
        """
        texts = self.decode(token_ids)
        if self.kind == "characters":
            return texts
        apart = join_after(texts) if self.kind == "words" else tf.strings.join([" ", texts])
        return tf.where(tf.strings.regex_full_match(prompts, r"(?s)\s*|.*\s") | tf.equal(texts, ""), texts, apart)


def with_ends(token_ids: tf.RaggedTensor) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    """Returns what a model reads (begin, then the tokens) and what it is to say (the tokens, then end).

    Args:
        token_ids: Ragged int32 [batch, time].

    Returns:
        Two ragged int32 [batch, time + 1].
    """
    column = tf.ones([token_ids.nrows(), 1], tf.int32)
    return tf.concat([BEGIN_ID * column, token_ids], axis=1), tf.concat([token_ids, END_ID * column], axis=1)


def with_ends_within(token_ids: tf.RaggedTensor, limit: int | None) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    """Returns what `with_ends` does of the first `limit` tokens of each row.

    A row that was cut has no end, so that nobody learns that it ended there.

    Args:
        token_ids: Ragged int32 [batch, time].
        limit: None keeps all.

    Returns:
        Two ragged int32 [batch, time], at most `limit` long where a row was cut, else a token longer than it.
    """
    limit = tf.int32.max if limit is None else limit
    length = tf.cast(token_ids.row_lengths(), tf.int32)
    steps = tf.where(length > limit, limit, length + 1)
    inputs, targets = with_ends(token_ids[:, :limit])
    return tuple(tf.RaggedTensor.from_tensor(ids.to_tensor(), lengths=steps) for ids in (inputs, targets))


def split(texts: tf.Tensor, kind: Kind, lowercase: bool = False) -> tf.RaggedTensor:
    """Cuts texts, strings [batch], into tokens.

    Returns:
        Ragged [batch, time]: code points (int32) for `characters`, else strings.
    """
    if kind == "characters":
        return tf.strings.unicode_decode(texts, "UTF-8")
    if lowercase:
        texts = tf.strings.lower(texts, encoding="utf-8")
    return tokenise(texts).tokens if kind == "words" else tf.strings.split(texts)


def learn_tokens(
    texts: tf.data.Dataset, kind: Kind, *, lowercase: bool = False, limit: int | None = None, min_count: int = 1
) -> tuple[str, ...]:
    """Counts the tokens of a stream of texts, in bounded memory.

    Args:
        texts: Scalar strings.
        kind: What a token is.
        lowercase: Whether words are lower-cased.
        limit: Only so many tokens are known, the most frequent.
        min_count: Tokens seen less often are unknown.

    Returns:
        The known tokens, the most frequent first.

    Raises:
        ValueError: There is no token in any text, or none that is seen `min_count` times.
    """
    counter = FrequencyCounter()
    pieces = texts.batch(_COUNTED_TOGETHER).map(lambda batch: split(batch, kind, lowercase).flat_values)
    for chunk in streamed(pieces).as_numpy_iterator():
        counter.add(chunk)
    if not counter.counts:
        raise ValueError("the training data holds no text: check the file or the data set's split")
    found = counter.most_frequent(None, min_count)
    if kind == "characters":
        known = [chr(code) for code in found if code != ord(_UNKNOWN_CHARACTER)]
    else:  # byte strings that are not UTF-8 may become the same text
        known = [word for word in dict.fromkeys(w.decode("utf-8", "replace") for w in found) if word != UNKNOWN_WORD]
    if not known:
        raise ValueError(f"no token of the training data is seen {min_count} times: lower min_count, or add texts")
    known = known[:limit]
    total = sum(counter.counts.values())
    covered = sum(counter.counts[ord(t) if kind == "characters" else t.encode()] for t in known)
    _LOG.info("%d of %d distinct tokens are known, %.2f%% of the text", len(known), len(counter.counts),
              100 * covered / total)  # fmt: skip
    return tuple(known)


def unknown(token_ids: tf.Tensor) -> tf.Tensor:
    """Whether tokens are unknown, bool of the same shape."""
    return tf.equal(token_ids, UNKNOWN_ID)


def never_written() -> tuple[int, ...]:
    """The numbers that no text is made of: padding, unknown and begin."""
    return (PADDING_ID, UNKNOWN_ID, BEGIN_ID)
