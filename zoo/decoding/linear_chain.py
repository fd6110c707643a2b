"""Inference in a linear chain: every function takes the potentials of a batch of sequences and nothing else.

The *potentials* of a sequence are one matrix a step: ``potentials[b, t, i, j]`` scores tag ``j`` at step ``t`` after
tag ``i`` at step ``t - 1``. A path of tags scores the sum of its potentials, and its probability is
``exp(score - log_partition)`` (Lafferty, McCallum & Pereira 2001, "Conditional random fields"). Two conventions make
the one tensor say everything, so that no function needs a mask, a length, or start and end scores beside it:

- before the first step every path stands at tag 0, so row 0 of the first real step's matrix holds the start scores and
  its other rows are `FORBIDDEN`;
- a step that is not there (padding on either side, or a hole) is the identity: 0 on the diagonal, `FORBIDDEN`
  elsewhere. It repeats the tag before it and scores nothing.

`zoo.layers.CRF` makes such potentials. Everything here is core TensorFlow with dynamic batch and time (both may be 0),
compiles under XLA (``jit_compile=True``), and works in log space, so scores of any size neither overflow nor vanish.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

FORBIDDEN = -1e9
"""The score of what must not happen: far below any real path's, yet finite, so that sums of it are, too."""


def log_partition(potentials: tf.Tensor) -> tf.Tensor:
    """Logarithm of the sum of ``exp(score)`` over all paths, by the forward recursion.

    Its gradient is the probability of each pair of neighbouring tags. It comes from the forward-backward algorithm
    instead of from differentiating the loop, which is slower and loses precision with length; it cannot be
    differentiated again.

    Args:
        potentials: float [batch, time, tags, tags].

    Returns:
        float [batch]; 0 where every step is padding.
    """
    return _log_partition(potentials)


@tf.custom_gradient
def _log_partition(potentials: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    forward, backward, log_z = _forward_backward(potentials)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        """``d log_partition / d potentials[t, i, j] = P(tag[t-1] = i, tag[t] = j)``."""
        shape = tf.shape(potentials)
        scores = forward[:, :-1, :, tf.newaxis] + potentials + backward[:, 1:, tf.newaxis, :]
        pairs = tf.nn.softmax(tf.reshape(scores, [shape[0], shape[1], shape[2] * shape[3]]))
        # The loops are outside this function, so a second derivative would silently miss them.
        pairs = tf.raw_ops.PreventGradient(input=pairs, message="log_partition has no second derivative.")
        return tf.reshape(pairs, shape) * upstream[:, tf.newaxis, tf.newaxis, tf.newaxis]

    return log_z, gradient


def path_score(potentials: tf.Tensor, tag_ids: tf.Tensor) -> tf.Tensor:
    """Score of one given path a sequence.

    Args:
        potentials: float [batch, time, tags, tags].
        tag_ids: int [batch, time]; negative at steps that are not there, which must be those whose potentials are the
            identity. Across a hole the previous real tag counts.

    Returns:
        float [batch]; about `FORBIDDEN` or below for a path that the potentials forbid.

    Raises:
        tf.errors.InvalidArgumentError: on a CPU, if a tag id is not below the number of tags.
    """
    tags = _carry_forward(tag_ids)
    previous = tf.pad(tags[:, :-1], [[0, 0], [1, 0]])[:, : tf.shape(tags)[1]]
    scores = tf.gather_nd(potentials, tf.stack([previous, tags], axis=-1), batch_dims=2)
    return tf.reduce_sum(scores, axis=1)


def _carry_forward(tag_ids: tf.Tensor) -> tf.Tensor:
    """Replaces each negative entry by the last real tag before it, or by 0 where there is none."""
    tag_ids = tf.cast(tag_ids, tf.int32)
    real = tag_ids >= 0
    shape = tf.shape(tag_ids)
    # A segment is a real step and the padding after it (segment 0 of a row: the padding before its first real step), so
    # the sum over a segment is its real tag.
    segment = tf.cumsum(tf.cast(real, tf.int32), axis=1) + (tf.range(shape[0]) * (shape[1] + 1))[:, tf.newaxis]
    tags = tf.math.unsorted_segment_sum(tf.where(real, tag_ids, 0), segment, shape[0] * (shape[1] + 1))
    return tf.gather(tags, segment)


def viterbi(potentials: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The best path of each sequence (Viterbi 1967).

    Args:
        potentials: float [batch, time, tags, tags].

    Returns:
        ``(tag_ids, score)``: int32 [batch, time], where steps that are not there repeat the tag before them (0 on the
        left), and float [batch], the path's score. Among equal paths the one of lower tag ids, seen from the end.
    """
    steps = _time_major(potentials)
    length, num_tags, _, batch = tf.unstack(tf.shape(steps))
    best, score = _recursion(steps, _at_tag_zero(steps), lambda scores: tf.reduce_max(scores, axis=0))
    # All steps' back pointers at once: only what depends on the step before stays inside the loops.
    pointers = tf.argmax(best[:-1, :, tf.newaxis] + steps, axis=1, output_type=tf.int32)
    pointers = tf.reshape(pointers, [length, num_tags * batch])
    offsets = tf.range(batch)
    last = tf.argmax(best[-1], axis=0, output_type=tf.int32)

    def step(t: tf.Tensor, tag: tf.Tensor, path: tf.TensorArray) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
        path = path.write(t, tag)
        return t - 1, tf.gather(tf.gather(pointers, t - 1), tag * batch + offsets), path

    # Slot 0 is the start, where every path stands at tag 0; with it the array is never empty, which cannot be stacked.
    path = tf.TensorArray(tf.int32, size=length + 1, element_shape=last.shape).write(0, tf.zeros_like(last))
    *_, path = tf.while_loop(lambda t, *_: t > 0, step, (length, last, path))
    tag_ids = tf.transpose(path.stack()[1:])
    tag_ids.set_shape(potentials.shape[:2])
    return tag_ids, score


def marginals(potentials: tf.Tensor) -> tf.Tensor:
    """Probability of each tag at each step, by the forward-backward algorithm (Rabiner 1989, equation 27).

    Args:
        potentials: float [batch, time, tags, tags].

    Returns:
        float [batch, time, tags], summing to 1 over tags; steps that are not there repeat the step before them.
    """
    forward, backward, _ = _forward_backward(potentials)
    return tf.nn.softmax(forward[:, 1:] + backward[:, 1:])


def _forward_backward(potentials: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Both recursions in one loop.

    Returns:
        ``forward`` [batch, time + 1, tags], the logarithm of the summed paths from the start that stand at a tag after
        so many steps; ``backward`` [batch, time + 1, tags], the same for the paths from there to the end, both up to a
        constant at each step; the log partition [batch].
    """
    steps = _time_major(potentials)
    batch = tf.shape(steps)[-1]
    # The backward recursion is the forward one over the reversed, transposed chain. Both run side by side as one batch
    # twice as wide: at these sizes a step costs its number of operations, not their width.
    both = tf.concat([steps, tf.reverse(tf.transpose(steps, [0, 2, 1, 3]), [0])], axis=-1)
    start = _at_tag_zero(steps)
    states, total = _recursion(both, tf.concat([start, tf.zeros_like(start)], axis=-1), _logsumexp)
    states = tf.transpose(states, [2, 0, 1])
    return states[:batch], tf.reverse(states[batch:], [1]), total[:batch]


def _recursion(
    steps: tf.Tensor, start: tf.Tensor, reduce: Callable[[tf.Tensor], tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs ``state[j] = reduce over i of (state[i] + steps[t, i, j])``.

    The highest entry of each state is taken out and summed apart, so that float32 keeps its precision however long the
    sequence and however large the scores.

    Args:
        steps: float [time, tags, tags, batch].
        start: float [tags, batch], the state before the first step.
        reduce: reduces the first axis.

    Returns:
        The state before the first step and after each, less its highest entry, float [time + 1, tags, batch]; and
        `reduce` of the last state, nothing taken out, float [batch].
    """
    length = tf.shape(steps)[0]

    def step(t: tf.Tensor, state: tf.Tensor, states: tf.TensorArray) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
        state = reduce(tf.expand_dims(state - tf.reduce_max(state, axis=0), 1) + tf.gather(steps, t))
        return t + 1, state, states.write(t + 1, state)

    # With the start in slot 0 the array is never empty, which cannot be stacked.
    states = tf.TensorArray(steps.dtype, size=length + 1, element_shape=start.shape).write(0, start)
    *_, states = tf.while_loop(lambda t, *_: t < length, step, (tf.constant(0), start, states))
    states = states.stack()
    highest = tf.reduce_max(states, axis=1, keepdims=True)
    states -= highest
    return states, tf.reduce_sum(highest, axis=[0, 1]) + reduce(states[-1])


def _logsumexp(scores: tf.Tensor) -> tf.Tensor:
    """Over the first axis. Scores are finite, so what ``tf.reduce_logsumexp`` does about infinities is not paid for."""
    highest = tf.stop_gradient(tf.reduce_max(scores, axis=0))
    return highest + tf.math.log(tf.reduce_sum(tf.exp(scores - highest), axis=0))


def _time_major(potentials: tf.Tensor) -> tf.Tensor:
    """[batch, time, tags, tags] -> [time, tags, tags, batch]: reductions over tags run along a contiguous batch."""
    return tf.transpose(potentials, [1, 2, 3, 0])


def _at_tag_zero(steps: tf.Tensor) -> tf.Tensor:
    """The state before the first step, [tags, batch]: tag 0 and no other."""
    _, num_tags, _, batch = tf.unstack(tf.shape(steps))
    first = tf.one_hot(0, num_tags, on_value=0.0, off_value=FORBIDDEN, dtype=steps.dtype)
    state = tf.repeat(first[:, tf.newaxis], batch, axis=1)
    state.set_shape([steps.shape[1], steps.shape[3]])
    return state
