"""Beam search: several hypotheses a row side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from zoo.decoding.step import Adjust, State, Step, advance, as_state, check_length

_IMPOSSIBLE = float("-inf")


class Beams(NamedTuple):
    """The best sequences of every row, best first.

    Attributes:
        tokens: int32 `[rows, n_best, max_length]`: the tokens, the end token included, then padding.
        lengths: int32 `[rows, n_best]`: the number of tokens, the end token included; 0 where a row has fewer sequences
            than `n_best`.
        log_probabilities: float32 `[rows, n_best]`: natural logarithm of the sequence's probability under the model as
            it is, before `adjust`; minus infinity where there is no sequence.
        scores: float32 `[rows, n_best]`: the log-probability after `adjust` over the length penalty, by which they are
            ordered; minus infinity where there is no sequence.
    """

    tokens: tf.Tensor
    lengths: tf.Tensor
    log_probabilities: tf.Tensor
    scores: tf.Tensor


class _Live(NamedTuple):
    """Hypotheses that have not ended.

    Attributes:
        last: int32 `[rows * beam_width]`, the last token of each.
        state: What the next step reads, `[rows * beam_width, ...]`.
        tokens: int32 `[rows, beam_width, max_length]`.
        adjusted: float32 `[rows, beam_width]`, log-probabilities after `adjust`, in falling order; minus infinity
            where there is none.
        log_probabilities: float32 `[rows, beam_width]`, those of the model as it is.
    """

    last: tf.Tensor
    state: State
    tokens: tf.Tensor
    adjusted: tf.Tensor
    log_probabilities: tf.Tensor


class _Extensions(NamedTuple):
    """The best hypotheses that are longer by a token, `[rows, extensions]` each.

    Attributes:
        parents: int32, the place in the beam of what was made longer.
        tokens: int32, by which token.
        adjusted: As in `_Live`, in falling order.
        log_probabilities: As in `_Live`.
    """

    parents: tf.Tensor
    tokens: tf.Tensor
    adjusted: tf.Tensor
    log_probabilities: tf.Tensor


def beam_search(
    step: Step,
    first: tf.Tensor,
    state: State,
    *,
    max_length: int | tf.Tensor,
    beam_width: int,
    end: int | tf.Tensor | None = None,
    length_penalty: float | tf.Tensor = 0.0,
    n_best: int = 1,
    pad: int = 0,
    adjust: Adjust | None = None,
) -> Beams:
    """Searches for the sequences of highest score.

        score(Y) = log P(Y) / ((5 + |Y|) / 6)^length_penalty

    where P is what `adjust` leaves of the model's probabilities.

    Wu et al. 2016, "Google's Neural Machine Translation System", equation 14 (without the coverage penalty). Among all
    one-token extensions of the live hypotheses, those of the first `beam_width` that end are taken out, and stay as
    they are; the best `beam_width` that do not end live on. So a hypothesis that has ended takes no one's place, and
    ended ones compete by score with each other only. The loop stops when, in every row, no live hypothesis can overtake
    the `n_best`-th ended one. Those that reach `max_length` without an end are cut there and compete too.

    Args:
        step: The model's step. It runs over `rows * beam_width` rows, those of one row's hypotheses side by side: what
            it reads of a row (the encoded source, say) must be in the state, or be repeated by the step.
        first: int32 `[rows]`, the token that the first step reads. It is no part of the result.
        state: What the first step reads, `[rows, ...]`.
        max_length: Sequences have at most so many tokens. XLA needs an integer.
        beam_width: Live hypotheses a row. May exceed the vocabulary.
        end: The token that ends a sequence; None if there is none.
        length_penalty: The exponent: 0 ranks by probability, which favours short sequences; 0.6 to 1 is usual.
        n_best: Sequences to return, at most `beam_width`.
        pad: What follows the end; a token that `step` can read.
        adjust: Changes the logits of every step; see `zoo.decoding.Adjust` (its rows are `rows * beam_width`).

    Returns:
        The sequences; among equal scores the one that ended earlier comes first.

    Raises:
        ValueError: `max_length`, `beam_width` or `n_best` out of range, or a step that returns another state than it
            takes.
    """
    check_length(max_length)
    if not 1 <= n_best <= beam_width:
        raise ValueError(f"`n_best` must be between 1 and `beam_width`, got {n_best} of {beam_width}")
    end = None if end is None else tf.cast(end, tf.int32)
    search = _Search(step, max_length, beam_width, end, length_penalty, n_best, adjust)
    first = tf.cast(first, tf.int32)
    start = (tf.constant(0), search.first(first, state, pad), search.none(first, pad))
    time, live, ended = tf.while_loop(search.unfinished, search.one_more, start)
    best = search.merged(ended, search.cut(time, live))
    missing = best.scores == _IMPOSSIBLE
    return best._replace(
        tokens=tf.where(missing[..., tf.newaxis], pad, best.tokens), lengths=tf.where(missing, 0, best.lengths)
    )


@dataclass(frozen=True)
class _Search:
    """What stays the same during a search; see `beam_search`."""

    step: Step
    max_length: int | tf.Tensor
    beam_width: int
    end: tf.Tensor | None
    length_penalty: float | tf.Tensor
    n_best: int
    adjust: Adjust | None

    def first(self, first: tf.Tensor, state: State, pad: int) -> _Live:
        """One hypothesis a row, of no tokens; the other places of the beam are empty."""
        rows = tf.shape(first)[0]
        only = tf.where(tf.range(self.beam_width) == 0, 0.0, _IMPOSSIBLE)
        log_probabilities = self._static(tf.tile(only[tf.newaxis], [rows, 1]), first)
        return _Live(
            self._widened(first),
            tf.nest.map_structure(self._widened, as_state(state)),
            self._static(tf.fill([rows, self.beam_width, self.max_length], pad), first),
            log_probabilities,
            log_probabilities,
        )

    def none(self, first: tf.Tensor, pad: int) -> Beams:
        """`n_best` empty places a row."""
        shape = [tf.shape(first)[0], self.n_best]
        tokens, lengths = tf.fill([*shape, self.max_length], pad), tf.fill(shape, 0)
        impossible = self._static(tf.fill(shape, _IMPOSSIBLE), first)
        return Beams(self._static(tokens, first), self._static(lengths, first), impossible, impossible)

    def unfinished(self, time: tf.Tensor, live: _Live, ended: Beams) -> tf.Tensor:
        """Whether any row has a live hypothesis that may still overtake its last place."""
        # Probabilities only fall, so the best that can come of a hypothesis is its own over the largest penalty ahead.
        ahead = tf.maximum(self._penalty(time + 1), self._penalty(self.max_length))
        return (time < self.max_length) & tf.reduce_any(live.adjusted[:, 0] / ahead > ended.scores[:, -1])

    def one_more(self, time: tf.Tensor, live: _Live, ended: Beams) -> tuple[tf.Tensor, _Live, Beams]:
        """Makes every live hypothesis longer by a token, and takes out those that end."""
        width = self.beam_width
        longer, state = self._extensions(time, live)
        sequences = tf.where(
            tf.range(self.max_length) == time,
            longer.tokens[..., tf.newaxis],
            tf.gather(live.tokens, longer.parents, batch_dims=1),
        )
        ends = tf.zeros_like(longer.tokens, tf.bool) if self.end is None else longer.tokens == self.end
        ending = tf.where(ends, longer.adjusted, _IMPOSSIBLE)[:, :width]
        ended = self.merged(
            ended, self._scored(sequences[:, :width], time + 1, ending, longer.log_probabilities[:, :width])
        )
        adjusted, best = tf.math.top_k(tf.where(ends, _IMPOSSIBLE, longer.adjusted), width)
        parts = (longer.parents, longer.tokens, sequences, longer.log_probabilities)
        parents, tokens, sequences, log_probabilities = (tf.gather(part, best, batch_dims=1) for part in parts)
        origins = tf.reshape(parents + width * tf.range(tf.shape(parents)[0])[:, tf.newaxis], [-1])
        state = tf.nest.map_structure(lambda part: tf.ensure_shape(tf.gather(part, origins), part.shape), state)
        new = _Live(tf.reshape(tokens, [-1]), state, sequences, adjusted, log_probabilities)
        return time + 1, tf.nest.map_structure(_shaped_like, new, live), ended

    def _extensions(self, time: tf.Tensor, live: _Live) -> tuple[_Extensions, State]:
        """Returns the best extensions by a token, twice the width, and the states of the live hypotheses.

        Each hypothesis can end in one way only, so among twice the width there are enough that do not end.
        """
        logits, state = advance(self.step, live.last, live.state)
        size = logits.shape[-1] or tf.shape(logits)[-1]
        adjusted = logits
        if self.adjust is not None:
            adjusted = self.adjust(logits, tf.reshape(live.tokens, [-1, tf.shape(live.tokens)[2]]), time)

        def of_row(part: tf.Tensor) -> tf.Tensor:
            return tf.reshape(part, [-1, self.beam_width * size])

        extended = tf.reshape(live.adjusted, [-1, 1]) + tf.nn.log_softmax(adjusted)
        best, index = tf.math.top_k(of_row(extended), tf.minimum(2, size) * self.beam_width)
        if self.adjust is None:
            return _Extensions(index // size, index % size, best, best), state
        # Of the model's own probabilities only those of the few that were chosen are worked out.
        before = live.log_probabilities - tf.reshape(tf.reduce_logsumexp(logits, axis=-1), [-1, self.beam_width])
        own = tf.gather(of_row(logits), index, batch_dims=1) + tf.gather(before, index // size, batch_dims=1)
        return _Extensions(index // size, index % size, best, own), state

    def cut(self, time: tf.Tensor, live: _Live) -> Beams:
        """The live hypotheses as sequences that were cut, where the search has come to the end."""
        reached = tf.where(time == self.max_length, live.adjusted, _IMPOSSIBLE)
        return self._scored(live.tokens, time, reached, live.log_probabilities)

    def merged(self, ended: Beams, new: Beams) -> Beams:
        """Returns the best `n_best` of two lots; among equal ones those of the first lot."""
        both = tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=1), ended, new)
        _, best = tf.math.top_k(both.scores, self.n_best)
        kept = tf.nest.map_structure(lambda part: tf.gather(part, best, batch_dims=1), both)
        return tf.nest.map_structure(_shaped_like, kept, ended)

    def _scored(self, tokens: tf.Tensor, length: tf.Tensor, adjusted: tf.Tensor, log_probabilities: tf.Tensor) -> Beams:
        scores = adjusted / self._penalty(length)
        log_probabilities = tf.where(adjusted == _IMPOSSIBLE, _IMPOSSIBLE, log_probabilities)
        return Beams(tokens, tf.fill(tf.shape(scores), length), log_probabilities, scores)

    def _penalty(self, length: int | tf.Tensor) -> tf.Tensor:
        return ((5.0 + tf.cast(length, tf.float32)) / 6.0) ** tf.cast(self.length_penalty, tf.float32)

    def _widened(self, part: tf.Tensor) -> tf.Tensor:
        """Repeats every row for each place of the beam."""
        rows = part.shape[0]
        wide = tf.repeat(part, self.beam_width, axis=0)
        return tf.ensure_shape(wide, [None if rows is None else rows * self.beam_width, *part.shape[1:]])

    def _static(self, part: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
        """Says how many rows there are, if that is known."""
        return tf.ensure_shape(part, [first.shape[0], *part.shape[1:]])


def _shaped_like(part: tf.Tensor, old: tf.Tensor) -> tf.Tensor:
    return tf.ensure_shape(part, old.shape)
