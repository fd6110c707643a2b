"""From a text on disk or in memory to batches of word numbers, streamed: memory holds the vocabulary and one batch.

The text is read twice. The first pass counts the words; the second numbers them for the first epoch and keeps the
numbers, four bytes a word, in a temporary file from which the other epochs read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.preprocessing.batching import streamed
from zoo.preprocessing.tokenisation import tokenise
from zoo.preprocessing.vocabulary import RESERVED, FrequencyCounter, decode_all, id_table

Texts = str | Path | Iterable[str] | tf.data.Dataset
Tokenizer = Callable[[tf.Tensor], tf.RaggedTensor]

_LINES = 1024  # that are cut into words at a time
_THREADS = 2  # that cut; the order stays, since these pipelines are deterministic


class CountedWords(NamedTuple):
    """The vocabulary of a text.

    Attributes:
        words: The words that are learnt, the most frequent first.
        counts: int64 `[words]`, how often each occurs.
        total: How many words the text has in all.
    """

    words: list[str]
    counts: np.ndarray
    total: int


def lines_of(texts: Texts) -> tf.data.Dataset:
    """Returns a dataset of single strings.

    Args:
        texts: A text file, gzipped if its name ends in `.gz`, a line a text; or texts that can be read several times: a
            list, an iterable, a dataset of strings.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: The texts can be read only once, or are no strings.
    """
    if isinstance(texts, (str, Path)):
        if not Path(texts).is_file():
            raise FileNotFoundError(f"{texts}: no such text file; texts themselves are given as a list")
        return tf.data.TextLineDataset(str(texts), compression_type="GZIP" if str(texts).endswith(".gz") else None)
    if isinstance(texts, tf.data.Dataset):
        if texts.element_spec != tf.TensorSpec([], tf.string):
            raise TypeError(f"the dataset must hold single strings, but holds {texts.element_spec}")
        return texts
    if isinstance(texts, Iterator):
        raise TypeError("an iterator can be read only once, and the text is read twice: give a list, or a file")
    return tf.data.Dataset.from_generator(lambda: texts, output_signature=tf.TensorSpec([], tf.string))


def words_of(lines: tf.Tensor, tokenizer: Tokenizer | None, lowercase: bool) -> tf.RaggedTensor:
    """Cuts texts into words: strings `[texts]` to ragged strings `[texts, words]`."""
    words = tokenise(lines).tokens if tokenizer is None else tokenizer(lines)
    return words.with_flat_values(tf.strings.lower(words.flat_values, encoding="utf-8")) if lowercase else words


def count_words(
    lines: tf.data.Dataset, tokenizer: Tokenizer | None, lowercase: bool, min_count: int, limit: int | None
) -> CountedWords:
    """Counts the words of a stream of texts in bounded memory.

    Raises:
        ValueError: Fewer than two words occur often enough.
    """
    counter, total = FrequencyCounter(), 0
    chunks = lines.batch(_LINES).map(
        lambda batch: words_of(batch, tokenizer, lowercase).flat_values, num_parallel_calls=_THREADS
    )
    for chunk in streamed(chunks).as_numpy_iterator():
        counter.add(chunk)
        total += len(chunk)
    known: dict[str, int] = {}
    frequent = counter.most_frequent(limit, min_count)
    for word, text in zip(frequent, decode_all(frequent), strict=True):
        known.setdefault(text, counter.counts[word])  # byte strings that are not UTF-8 may become the same text
    if len(known) < 2:
        raise ValueError(
            f"{len(known)} of the text's {total} words occur {min_count} times; there must be two: lower min_count"
        )
    return CountedWords(list(known), np.array(list(known.values()), np.int64), total)


def numbered(
    lines: tf.data.Dataset,
    words: list[str],
    tokenizer: Tokenizer | None,
    lowercase: bool,
    unit: Literal["line", "paragraph"],
    cache: Path,
) -> tf.data.Dataset:
    """Numbers the words of a stream of texts, leaving out those that are not learnt.

    Args:
        lines: Single strings.
        words: The word of each number.
        tokenizer: As in `words_of`.
        lowercase: As in `words_of`.
        unit: Whether a text ends at each line, or at empty lines only.
        cache: The file (a prefix) where the numbers are kept, once the first iteration has come to its end.

    Returns:
        A dataset of pieces of any length: word numbers int32 `[words]`, and for each the number of its text, int64
        `[words]`; different in neighbouring texts.
    """
    table = id_table(words)

    def number(index: tf.Tensor, batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        tokens = words_of(batch, tokenizer, lowercase)
        ids = table.lookup(tokens.flat_values) - RESERVED
        text = tf.range(tf.size(batch, tf.int64), dtype=tf.int64)
        if unit == "paragraph":  # one that goes on in the next thousand lines is cut there
            text = tf.cumsum(tf.cast(tf.strings.regex_full_match(batch, r"\s*"), tf.int64))
        text = tf.gather(text, tokens.value_rowids()) + index * (_LINES + 1)
        known = ids >= 0
        return tf.boolean_mask(ids, known), tf.boolean_mask(text, known)

    return streamed(lines.batch(_LINES).enumerate().map(number, num_parallel_calls=_THREADS)).cache(str(cache))


def thinned(pieces: tf.data.Dataset, keep: np.ndarray, batch_words: int, seed: int, epoch: int) -> tf.data.Dataset:
    """Leaves out frequent words at random and cuts what remains into batches, for one epoch.

    Args:
        pieces: As `numbered` returns them.
        keep: Probability that each word stays, float32 `[vocabulary]`.
        batch_words: Words a batch.
        seed: Seed of the run; which words stay is a function of it, of the epoch and of their place.
        epoch: Number of the epoch.

    Returns:
        Batches of word numbers int32 `[batch_words]` and text numbers int64 `[batch_words]`; the last is filled up with
        word 0 of text -1, which is no text.
    """
    keep = tf.constant(keep, tf.float32)

    def thin(index: tf.Tensor, piece: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        ids, text = piece
        draws = tf.random.stateless_uniform(tf.shape(ids), [seed * 1_000_003 + epoch, index])
        stays = draws < tf.gather(keep, ids)
        return tf.boolean_mask(ids, stays), tf.boolean_mask(text, stays)

    def fill(ids: tf.Tensor, text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        missing = [[0, batch_words - tf.size(ids)]]
        ids, text = tf.pad(ids, missing), tf.pad(text, missing, constant_values=-1)
        return tf.ensure_shape(ids, [batch_words]), tf.ensure_shape(text, [batch_words])

    return streamed(pieces.enumerate().map(thin).rebatch(batch_words).map(fill))
