"""The scan of a recurrence that is linear in its state, in ordinary TensorFlow operations."""

from __future__ import annotations

import tensorflow as tf

from zoo.cells import ParallelCell
from zoo.cells.precision import widened


def run(
    cell: ParallelCell,
    inputs: tf.Tensor,
    states: tuple[tf.Tensor, ...],
    mask: tf.Tensor | None,
    *,
    backwards: bool,
    sequences: bool,
) -> tuple[tf.Tensor | None, tuple[tf.Tensor, ...]]:
    """Runs a cell over a batch; see `compiled.run` for arguments and result."""
    (first,) = states
    decay, addition = cell.recurrence(cell.project(inputs))
    if mask is not None:
        real = mask[..., tf.newaxis]
        decay = tf.where(real, decay, tf.ones([], decay.dtype))
        addition = tf.where(real, addition, tf.zeros([], addition.dtype))
    hidden = linear_scan(decay, addition, first, go_backwards=backwards)
    final = hidden[:, :1] if backwards else hidden[:, -1:]
    # Of no steps there is no last one.
    last = tf.concat([first[:, tf.newaxis], final], axis=1)[:, -1]
    return (hidden if sequences else None), (last,)


def linear_scan(decay: tf.Tensor, addition: tf.Tensor, first: tf.Tensor, *, go_backwards: bool = False) -> tf.Tensor:
    """Makes h_t = decay_t ⊙ h_{t-1} + addition_t for all t, in about 2 √time steps of a loop.

    Time is cut into about √time chunks as long. One loop walks all chunks at once, each from a state of zeros, and
    multiplies up their decays; another carries the state from chunk to chunk; what a chunk would have made of the state
    that it got is then added. The graph holds plain operations only, of any shape; it differentiates any number of
    times, compiles under XLA, and any server runs it.

    Args:
        decay: `[batch, time, units]`, in [0, 1] for numerical stability.
        addition: `[batch, time, units]`.
        first: The state h before the first step, `[batch, units]`.
        go_backwards: Walk from the last step to the first.

    Returns:
        h after each step, in the order of time, `[batch, time, units]` in the precision of `first`. Half precision is
        computed in float32.
    """
    dtype = first.dtype
    decay, addition, state = (widened(tensor) for tensor in (decay, addition, first))
    shape, steps = addition.shape, tf.shape(addition)[1]
    if go_backwards:
        decay, addition = tf.reverse(decay, [1]), tf.reverse(addition, [1])
    length = tf.maximum(tf.cast(tf.math.ceil(tf.sqrt(tf.cast(steps, tf.float32))), tf.int32), 1)
    chunks = tf.maximum(-(-steps // length), 1)
    # Steps beyond the end neither scale nor add.
    decay = _chunked(decay, chunks, length, filling=1)
    addition = _chunked(addition, chunks, length, filling=0)
    hidden, decays = _within_chunks(decay, addition)
    before = _between_chunks(decays[-1], hidden[-1], state)
    hidden = tf.transpose(hidden + decays * before, [1, 2, 0, 3])
    hidden = tf.reshape(hidden, tf.stack([tf.shape(addition)[1], chunks * length, tf.shape(addition)[3]]))[:, :steps]
    hidden = tf.cast(tf.reverse(hidden, [1]) if go_backwards else hidden, dtype)
    return tf.ensure_shape(hidden, shape)


def _chunked(tensor: tf.Tensor, chunks: tf.Tensor, length: tf.Tensor, *, filling: int) -> tf.Tensor:
    """Turns `[batch, time, units]` into `[length, batch, chunks, units]`, filled up at the end."""
    batch, steps, units = tf.unstack(tf.shape(tensor))
    filled = tf.pad(tensor, [[0, 0], [0, chunks * length - steps], [0, 0]], constant_values=filling)
    parts = tf.transpose(tf.reshape(filled, tf.stack([batch, chunks, length, units])), [2, 0, 1, 3])
    return tf.ensure_shape(parts, [None, tensor.shape[0], None, tensor.shape[2]])


def _within_chunks(decay: tf.Tensor, addition: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Walks all chunks at once, each from zeros.

    Args:
        decay: `[length, batch, chunks, units]`.
        addition: The same shape.

    Returns:
        The states and the products of the decays so far, each of that shape.
    """

    def compose(before: tuple[tf.Tensor, tf.Tensor], step: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        (h, decays), (decay, addition) = before, step
        return decay * h + addition, decay * decays

    start = (tf.zeros_like(addition[0]), tf.ones_like(decay[0]))
    return tf.scan(compose, (decay, addition), start)


def _between_chunks(decays: tf.Tensor, last: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
    """Returns the state before each chunk.

    Args:
        decays: Product of each chunk's decays, `[batch, chunks, units]`.
        last: The state after each chunk, had it begun with zeros; the same shape.
        first: The state before the first chunk, `[batch, units]`.

    Returns:
        `[batch, chunks, units]`.
    """
    steps = (tf.transpose(decays, [1, 0, 2]), tf.transpose(last, [1, 0, 2]))
    after = tf.scan(lambda h, step: step[0] * h + step[1], steps, first)
    return tf.transpose(tf.concat([first[tf.newaxis], after[:-1]], axis=0), [1, 0, 2])
