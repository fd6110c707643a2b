"""Learning word vectors from a text: skip-gram with negative sampling.

Mikolov et al. (2013), "Distributed representations of words and phrases and their compositionality": for every word c
and every word o within a window around it, equation 4 is maximised,

    log σ(u_o · v_c) + k E_n [log σ(-u_n · v_c)],      n drawn with probability ~ count^0.75,

v being the vectors that are wanted and u those of words as contexts. The window's reach is drawn anew for every word,
and frequent words are left out at random (equation 5).

The paper treats one pair at a time: a few hundred numbers, far from what a processor can do. Here 32 neighbouring words
are a block. Their vectors `[32, dim]`, times those of all words the window can reach and of 32 negatives that the block
shares `[32 + 2 window + 32, dim]`, is one matrix product that has every score that is needed; two more products are the
gradients. The negatives' terms are weighted so that their expectation is that of equation 4. The update touches the
rows of the words in the batch only: Adagrad (Duchi et al. 2011), under which rare words take large steps and frequent
ones small.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.embeddings.text_stream import Texts, Tokenizer, count_words, lines_of, numbered, thinned
from zoo.embeddings.word_vectors import WordVectors

_BLOCK = 32  # words whose scores are one product
_SHARED = 32  # negatives of a block
_MOST_BLOCKS = 256  # in a batch; fewer for a text that would have less than a hundred batches an epoch
_FIRST_ACCUMULATOR = 0.1
_LAST_RATE = 1e-4  # the learning rate falls to this part of what it was, as in word2vec


class EpochReport(NamedTuple):
    """How an epoch went; as text, one line.

    Attributes:
        epoch: Number of the epoch, from 1.
        epochs: How many there are.
        loss: The negated objective, nats a pair: of the pair itself and its k negatives.
        words: Words of the text, those left out included.
        pairs: Pairs of a word and a context.
        seconds: What it took.
    """

    epoch: int
    epochs: int
    loss: float
    words: int
    pairs: int
    seconds: float

    def __str__(self) -> str:
        """Returns loss and speed."""
        return (
            f"epoch {self.epoch}/{self.epochs}: loss {self.loss:.3f} a pair, {self.words / self.seconds:,.0f} words/s, "
            f"{self.pairs / self.seconds:,.0f} pairs/s"
        )


def learn(
    texts: Texts,
    *,
    dim: int = 100,
    window: int = 5,
    negatives: int = 5,
    epochs: int = 5,
    min_count: int = 5,
    vocabulary_size: int | None = None,
    subsample: float = 1e-3,
    learning_rate: float = 0.3,
    seed: int = 0,
    unit: Literal["line", "paragraph"] = "line",
    lowercase: bool = True,
    tokenizer: Tokenizer | None = None,
    on_epoch: Callable[[EpochReport], object] | None = None,
) -> WordVectors:
    """Learns word vectors from a text, by skip-gram with negative sampling.

    Equal arguments give equal vectors, on the same kind of machine to the last bit.

    Args:
        texts: A text file, streamed (gzipped if its name ends in `.gz`), or a list or dataset of texts.
        dim: Numbers in a vector.
        window: How many words to each side are a word's contexts at most.
        negatives: Words drawn as negatives for each pair, in expectation.
        epochs: How often the text is read.
        min_count: Words that occur less often are left out, as if they were not there.
        vocabulary_size: If given, at most this many words are learnt, the most frequent.
        subsample: A word of relative frequency f stays with probability sqrt(subsample / f). 0 keeps all, which is
            right where there are only a few hundred different words, all of them frequent.
        learning_rate: Adagrad's, at the beginning; it falls to nearly 0 in equal steps.
        seed: Seed of the first vectors, the windows, the negatives and of which words are left out.
        unit: What a window may not leave: a `line` (each text of a list is one), or a `paragraph` between empty lines,
            for prose and verse whose lines are broken anywhere.
        lowercase: Whether words are lower-cased.
        tokenizer: From strings `[texts]` to ragged strings `[texts, words]`; by default the zoo's words. For a text
            whose words stand between blanks `tf.strings.split` is right, and quicker.
        on_epoch: Called with an `EpochReport` after each epoch, for instance `print`.

    Returns:
        The vectors, the most frequent word first.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: The texts can be read only once, or are no strings.
        ValueError: An argument is out of range, or fewer than two words occur `min_count` times.
        FloatingPointError: The vectors have grown beyond all bounds; a smaller `learning_rate` helps.
    """
    _check(dim=dim, window=window, negatives=negatives, epochs=epochs, min_count=min_count)
    if subsample < 0 or not learning_rate > 0 or unit not in ("line", "paragraph"):
        raise ValueError(
            f"subsample={subsample}, learning_rate={learning_rate}, unit={unit!r}: allowed are subsample from 0, "
            "learning_rate above 0, and unit 'line' or 'paragraph'"
        )
    lines = lines_of(texts)
    counted = count_words(lines, tokenizer, lowercase, min_count, vocabulary_size)
    frequency = counted.counts / counted.counts.sum()
    keep = np.minimum(1.0, np.sqrt(subsample / frequency)) if subsample else np.ones_like(frequency)
    kept = float((counted.counts * keep).sum())  # words an epoch, in expectation
    blocks = min(_MOST_BLOCKS, 2 ** max(0, int(math.log2(max(kept / (100 * _BLOCK), 1)))))
    steps = epochs * math.ceil(kept / (blocks * _BLOCK))
    model = _SkipGram(counted.counts, dim, window, negatives, blocks, seed)

    with tempfile.TemporaryDirectory() as folder:
        pieces = numbered(lines, counted.words, tokenizer, lowercase, unit, Path(folder) / "words")
        step = 0
        for epoch in range(epochs):
            start = time.perf_counter()
            for ids, text in thinned(pieces, keep, blocks * _BLOCK, seed, epoch):
                rate = learning_rate * max(1 - step / steps, _LAST_RATE)
                model.step(ids, text, tf.constant(rate, tf.float32), tf.constant([seed, step], tf.int64))
                step += 1
            loss, pairs = model.totals()
            if not math.isfinite(loss):
                raise FloatingPointError(f"epoch {epoch + 1}: the loss is {loss}; try a smaller learning_rate")
            if on_epoch is not None:
                seconds = time.perf_counter() - start
                on_epoch(EpochReport(epoch + 1, epochs, loss, counted.total, pairs, seconds))
    return WordVectors(counted.words, model.vectors.numpy())


def _check(**numbers: int) -> None:
    for name, value in numbers.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} is {value!r}; allowed: whole numbers from 1")


class _SkipGram(tf.Module):
    """The two matrices of vectors, and a step of their training."""

    def __init__(self, counts: np.ndarray, dim: int, window: int, negatives: int, blocks: int, seed: int) -> None:
        super().__init__(name="skip_gram")
        shape = (len(counts), dim)
        first = tf.random.stateless_uniform(
            shape, tf.constant([seed, -1], tf.int64), -0.5 / dim, 0.5 / dim
        )  # as word2vec has it
        self.vectors = tf.Variable(first, name="vectors")
        self.contexts = tf.Variable(tf.zeros(shape), name="contexts")
        self._accumulators = [tf.Variable(tf.fill(shape, _FIRST_ACCUMULATOR)) for _ in range(2)]
        self._loss, self._pairs = (tf.Variable(0.0, dtype=tf.float64) for _ in range(2))
        noise = np.cumsum(counts.astype(np.float64) ** 0.75)
        self._noise = tf.constant(noise / noise[-1])  # float64: in float32, steps of rare words vanish near 1
        self._window, self._weight, self._blocks = window, negatives / _SHARED, blocks

    @tf.function(autograph=False)
    def step(self, ids: tf.Tensor, text: tf.Tensor, rate: tf.Tensor, seed: tf.Tensor) -> None:
        """Updates the vectors of a batch of words that follow each other.

        Args:
            ids: Word numbers, int32 `[blocks * 32]`.
            text: Number of each word's text, int64 `[blocks * 32]`; -1 is none.
            rate: The learning rate, a float32.
            seed: int64 `[2]`, another for each step.
        """
        window = [[self._window, self._window]]
        width = _BLOCK + 2 * self._window
        words, own_text = tf.reshape(ids, [-1, _BLOCK]), tf.reshape(text, [-1, _BLOCK, 1])
        around = tf.signal.frame(tf.pad(ids, window), width, _BLOCK)  # [blocks, width]
        text_around = tf.signal.frame(tf.pad(text, window, constant_values=-1), width, _BLOCK)

        window_seed, noise_seed = tf.unstack(tf.random.split(seed, 2))
        reach = tf.random.stateless_uniform(tf.shape(own_text), window_seed, 1, self._window + 1, tf.int32)
        distance = tf.abs(tf.range(width)[None] - self._window - tf.range(_BLOCK)[:, None])  # [32, width]
        pairs = (distance > 0) & (distance <= reach) & (text_around[:, None] == own_text) & (own_text >= 0)
        draws = tf.random.stateless_uniform([self._blocks * _SHARED], noise_seed, dtype=tf.float64)
        noise = tf.reshape(tf.searchsorted(self._noise, draws, side="right"), [-1, _SHARED])
        others = tf.concat([around, tf.minimum(noise, self._noise.shape[0] - 1)], axis=1)

        v, u = tf.gather(self.vectors, words), tf.gather(self.contexts, others)
        loss, pairs, v_gradient, u_gradient = _loss_and_gradients(v, u, pairs, self._weight)
        self._loss.assign_add(tf.cast(loss, tf.float64))
        self._pairs.assign_add(tf.cast(pairs, tf.float64))
        _update(self.vectors, self._accumulators[0], words, v_gradient, rate)
        _update(self.contexts, self._accumulators[1], others, u_gradient, rate)

    def totals(self) -> tuple[float, int]:
        """Returns the mean loss of a pair and the number of pairs since the last call."""
        loss, pairs = float(self._loss), int(self._pairs)
        self._loss.assign(0.0)
        self._pairs.assign(0.0)
        return loss / max(pairs, 1), pairs


@tf.function(jit_compile=True, autograph=False)
def _loss_and_gradients(
    v: tf.Tensor, u: tf.Tensor, pairs: tf.Tensor, weight: float
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the loss, the number of pairs, and the loss' derivatives by `v` and by `u`.

    Args:
        v: Vectors of the words of each block, float32 `[blocks, 32, dim]`.
        u: Vectors of what is around them, then of the negatives, float32 `[blocks, width + 32, dim]`.
        pairs: Which words and contexts are pairs, bool `[blocks, 32, width]`.
        weight: Negatives a pair, by the number of those that are shared.
    """
    pairs = tf.cast(pairs, tf.float32)
    scores = tf.matmul(v, u, transpose_b=True)
    width = pairs.shape[-1]
    negative = weight * tf.reduce_sum(pairs, axis=-1, keepdims=True)
    loss = tf.reduce_sum(pairs * tf.nn.softplus(-scores[..., :width]))
    loss += tf.reduce_sum(negative * tf.nn.softplus(scores[..., width:]))
    chances = tf.sigmoid(scores)
    by_score = tf.concat([pairs * (chances[..., :width] - 1), negative * chances[..., width:]], axis=-1)
    return loss, tf.reduce_sum(pairs), tf.matmul(by_score, u), tf.matmul(by_score, v, transpose_a=True)


def _update(
    matrix: tf.Variable, accumulator: tf.Variable, rows: tf.Tensor, gradient: tf.Tensor, rate: tf.Tensor
) -> None:
    """Adagrad on some rows, each one's gradients summed first: the kernel's threads may not meet in a row."""
    distinct, places = tf.unique(tf.reshape(rows, [-1]))
    gradient = tf.reshape(gradient, [-1, matrix.shape[1]])
    gradient = tf.math.unsorted_segment_sum(gradient, places, tf.size(distinct))
    tf.raw_ops.ResourceSparseApplyAdagradV2(
        var=matrix.handle, accum=accumulator.handle, lr=rate, epsilon=1e-8, grad=gradient, indices=distinct
    )
