"""Raw text to tokens and their places, in the graph, with core TensorFlow ops only."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

# White space of every script, control characters, and invisible marks (byte order, direction, zero width).
_BLANK = r"[\s\p{Z}\p{Cc}\p{Cf}]"
# Han is written without blanks: each character is a token. Inside a word stand soft hyphens and (non-)joiners too.
_WORD = r"(?:[^\P{L}\p{Han}]|[\p{M}\p{N}_])(?:[^\P{L}\p{Han}]|[\p{M}\p{N}_\x{AD}\x{200C}\x{200D}])*"
_EMOJI = r"(?:\p{So}|[\x{1F000}-\x{1FAFF}])"

# Tried in this order at every place of the text.
_TOKEN = "|".join(
    (
        r"(?:https?://|www\.)[^\s\p{Z}<>\"]*[^\s\p{Z}<>\".,;:!?'’”»)\]}]",  # what ends a clause is not part of it
        r"[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+",
        r"[@#][\p{L}\p{M}\p{N}_]+",  # mentions and hashtags
        r"(?:\p{L}\.){2,}",  # U.S., e.g.
        r"['’](?:s|S|ll|re|ve|d|m|t)\b",  # clitics are tokens of their own, as in the treebanks
        r"\p{Lu}['’]\p{Lu}\p{L}+",  # O'Brien
        r"\p{N}+(?:[.,:/]\p{N}+)+",  # 3.5, 1,000, 12:30, 24/7
        r"\p{Han}",
        rf"{_WORD}(?:[-&]{_WORD})*",  # words, wand-maker, AT&T, 19th
        r"[\x{1F1E6}-\x{1F1FF}]{2}",  # flags
        # An emoji with its modifiers, or several that are joined.
        rf"{_EMOJI}(?:[\x{{FE0F}}\x{{1F3FB}}-\x{{1F3FF}}\x{{E0020}}-\x{{E007F}}]|\x{{200D}}{_EMOJI})*",
        rf"{_BLANK}+",
        r".",
    )
)
_BOUNDARY = "\x1f"


class Tokens(NamedTuple):
    """Tokens of a batch of texts.

    Attributes:
        tokens: Ragged strings [batch, time].
        offsets: Ragged int32 [batch, time, 2]: start and end of each token in its text, counted in Unicode code points.
    """

    tokens: tf.RaggedTensor
    offsets: tf.RaggedTensor


def tokenise(texts: tf.Tensor) -> Tokens:
    """Splits texts into words, numbers, clitics and punctuation marks.

    Bytes that are not UTF-8 are read as U+FFFD, and offsets count each as one code point. A text of white space (of any
    script) and control characters only has no tokens.

    Args:
        texts: Strings [batch].

    Returns:
        Tokens and their places.
    """
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")
    texts = tf.strings.regex_replace(texts, _BOUNDARY, " ")
    # The whole match is \0: a group of its own would be looked for by a method forty times slower on long texts.
    marked = tf.strings.regex_replace(texts, f"(?s)(?:{_TOKEN})", rf"\0{_BOUNDARY}")
    pieces = tf.strings.split(marked, _BOUNDARY)
    lengths = tf.strings.length(pieces.flat_values, unit="UTF8_CHAR")
    # Running totals over the whole batch, less what the texts before hold, are the places within each text.
    ends = tf.cumsum(lengths)
    starts = ends - lengths
    before = tf.gather(tf.concat([[0], ends], 0), tf.cast(pieces.row_starts(), tf.int32))
    before = tf.gather(before, pieces.value_rowids())
    offsets = tf.stack([starts - before, ends - before], axis=1)
    is_blank = tf.strings.regex_full_match(pieces.flat_values, f"{_BLANK}*")
    keep = pieces.with_flat_values(tf.logical_not(is_blank))
    return Tokens(
        tf.ragged.boolean_mask(pieces, keep),
        tf.ragged.boolean_mask(pieces.with_flat_values(offsets), keep),
    )


def pad(ragged: tf.RaggedTensor) -> tf.Tensor:
    """Pads to the longest row, and to at least one step, since recurrent layers cannot run over no time at all."""
    dense = ragged.to_tensor()
    missing = tf.maximum(1 - tf.shape(dense)[1], 0)
    return tf.pad(dense, [[0, 0], [0, missing]] + [[0, 0]] * (dense.shape.rank - 2))


# How marks stand to the words around them: none of this is known of a word alone, so quotes stay apart.
_JOINED_TO_THE_LEFT = r" ([.,;:!?%…)\]}»”]+|['’](?:s|S|ll|re|ve|d|m|t)\b)"
_JOINED_TO_THE_RIGHT = r"([(\[{«“$£€]) "


def join_words(words: tf.RaggedTensor) -> tf.Tensor:
    """Writes tokens of `tokenise` as a text: blanks between words, none before a full stop or after a bracket.

    Args:
        words: Ragged strings [batch, time].

    Returns:
        Strings [batch].
    """
    texts = tf.strings.reduce_join(words, axis=-1, separator=" ")
    texts = tf.strings.regex_replace(texts, _JOINED_TO_THE_LEFT, r"\1")
    return tf.strings.regex_replace(texts, _JOINED_TO_THE_RIGHT, r"\1")


def join_after(texts: tf.Tensor) -> tf.Tensor:
    """Puts a blank before each text that goes on from another one, unless it begins with a mark that needs none."""
    return tf.strings.regex_replace(tf.strings.join([" ", texts]), f"^(?:{_JOINED_TO_THE_LEFT})", r"\1")
