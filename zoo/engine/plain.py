"""The loop over time in ordinary TensorFlow operations: what an export holds, and what has derivatives of any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from zoo.cells import Cell, ParallelCell, RecurrentProduct
from zoo.engine import plain_scan
from zoo.engine.xla_context import inside_xla

# What one step of a loop does: (projected input, states) -> new states, the first of which is the output.
Step = Callable[[tf.Tensor, tuple[tf.Tensor, ...]], tuple[tf.Tensor, ...]]

States = tuple[tf.Tensor, ...]

# Fewer steps are written out without a loop.
FEWEST_STEPS = 4

# So many steps are written into the loop's body: an iteration of a `tf.while_loop` costs about as much as two
# operations of a step.
_STEPS_AN_ITERATION = 10

# So many entries a recurrent kernel has whose product is worth two operations.
_WORTH_HALVING = range(1 << 17, 1 << 20)


def run(
    cell: Cell,
    inputs: tf.Tensor,
    states: States,
    recurrent: RecurrentProduct,
    mask: tf.Tensor | None,
    *,
    backwards: bool,
    sequences: bool,
    recording: bool,
    unroll: bool,
) -> tuple[tf.Tensor | None, States]:
    """Runs a cell over a batch; see `compiled.run` for arguments and result.

    With `unroll`, every step is written into the graph; the number of steps must be known.
    """
    if isinstance(cell, ParallelCell) and not unroll:
        return plain_scan.run(cell, inputs, states, mask, backwards=backwards, sequences=sequences)
    recurrent = recurrent if recording else _InHalves(recurrent)
    projected = cell.project(tf.transpose(inputs, [1, 0, 2]))
    mask = None if mask is None else tf.transpose(mask)
    steps = inputs.shape[1]
    written_out = unroll or (steps is not None and steps < FEWEST_STEPS)

    def step(projected: tf.Tensor, states: States) -> States:
        return tuple(cell.step(projected, states, recurrent)[1])

    if written_out:
        hidden, states = _unrolled(step, projected, states, mask, backwards=backwards)
    else:
        hidden, states = _looped(step, projected, states, mask, backwards=backwards, recording=recording)
    if not sequences:
        return None, states
    hidden = tf.reverse(hidden, [0]) if backwards else hidden
    return tf.transpose(hidden, [1, 0, 2]), states


class _InHalves(RecurrentProduct):
    """Makes a large product as two, of either half of the columns, which TensorFlow runs at the same time.

    One product of so few rows keeps one core busy: with a kernel of half a megabyte, two take little more than half the
    time. A kernel of four megabytes comes from memory at the same speed either way, and one row alone then loses.
    """

    def __init__(self, recurrent: RecurrentProduct) -> None:
        super().__init__(recurrent.kernels, recurrent.vectors, recurrent.dropout_mask)
        self._halves = [_halves(kernel) for kernel in self.kernels]

    def __call__(self, state: tf.Tensor, product: int = 0) -> tf.Tensor:
        if len(self._halves[product]) == 1:
            return super().__call__(state, product)
        if self.dropout_mask is not None:
            state = state * self.dropout_mask
        return tf.concat([tf.matmul(state, half) for half in self._halves[product]], axis=-1)


def _halves(kernel: tf.Tensor) -> list[tf.Tensor]:
    worth_it = kernel.shape.num_elements() in _WORTH_HALVING and kernel.shape[1] % 2 == 0
    return tf.split(kernel, 2, axis=1) if worth_it else [kernel]


def _looped(
    step: Step, projected: tf.Tensor, states: States, mask: tf.Tensor | None, *, backwards: bool, recording: bool
) -> tuple[tf.Tensor, States]:
    """Walks the steps of `projected` `[time, batch, columns]` in a `tf.while_loop`.

    Args:
        step: Makes one step.
        projected: The projected inputs, time first.
        states: The first states.
        mask: `[time, batch]`, True at real steps, or `None`.
        backwards: Walk from the last step to the first.
        recording: Whether a gradient will be asked for.

    Returns:
        The first state after every step, `[time, batch, units]` in the order of the walk, and the last states.
    """
    length = projected.shape[0]
    steps = tf.shape(projected)[0] if length is None else length
    read = _reader(projected, recording=recording)
    real = (lambda time: None) if mask is None else _reader(mask, recording=recording)
    # Zero steps with an unknown batch size would leave the stack without a known shape: one step is always there.
    size = tf.maximum(steps, 1) if length is None else steps
    hidden = tf.TensorArray(states[0].dtype, size, element_shape=states[0].shape)
    if length is None:
        hidden = hidden.write(0, tf.zeros_like(states[0]))

    def advance(time: tf.Tensor, states: States, hidden: tf.TensorArray) -> tuple:
        source = steps - 1 - time if backwards else time
        new_states = _advance(step, read(source), states, real(source))
        for new, old in zip(new_states, states, strict=True):
            new.set_shape(old.shape)  # the batch size may be known from an initial state only
        return time + 1, new_states, hidden.write(time, new_states[0])

    # The gradient of a body that is written out would be a graph ten times as large; XLA gains nothing, and has no loop
    # of no iterations.
    at_once = (1,) if recording or inside_xla() else (_STEPS_AN_ITERATION, 1)
    _, states, hidden = _repeated(advance, (tf.constant(0), states, hidden), steps, at_once)
    hidden = hidden.stack()
    return (hidden[:steps] if length is None else hidden), states


def _repeated(advance: Callable[..., tuple], walked: tuple, steps: int | tf.Tensor, at_once: Sequence[int]) -> tuple:
    """Advances `walked`, which counts its steps in its first tensor, so many steps.

    Args:
        advance: Makes one step.
        walked: Where to begin.
        steps: How many steps.
        at_once: How many steps an iteration makes, for one loop after another; the last makes one.

    Returns:
        What has become of `walked`.
    """
    for count in at_once:

        def body(*walked: Any, count: int = count) -> tuple:
            for _ in range(count):
                walked = advance(*walked)
            return walked

        walked = tf.while_loop(
            lambda time, *_, count=count: time <= steps - count,
            body,
            walked,
            maximum_iterations=steps // count,  # XLA sizes what the backward pass needs by it
            parallel_iterations=32,
            swap_memory=True,
        )
    return walked


def _reader(tensor: tf.Tensor, *, recording: bool) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns what reads one step of a tensor whose first axis is time."""
    if not recording:
        return lambda time: tensor[time]  # no copy; yet the gradient of each would be a whole tensor of zeros
    return tf.TensorArray(tensor.dtype, tf.shape(tensor)[0], element_shape=tensor.shape[1:]).unstack(tensor).read


def _unrolled(
    step: Step, projected: tf.Tensor, states: States, mask: tf.Tensor | None, *, backwards: bool
) -> tuple[tf.Tensor, States]:
    """Walks the steps one after another in the graph; see `_looped`. The number of steps must be known."""
    steps = tf.unstack(projected)
    reals = [None] * len(steps) if mask is None else tf.unstack(mask)
    hidden = []
    for time in reversed(range(len(steps))) if backwards else range(len(steps)):
        states = _advance(step, steps[time], states, reals[time])
        hidden.append(states[0])
    return (tf.stack(hidden) if hidden else states[0][tf.newaxis][:0]), states


def _advance(step: Step, projected: tf.Tensor, states: States, real: tf.Tensor | None) -> States:
    """Makes one step; states stay where `real` `[batch]` is False."""
    new_states = step(projected, states)
    if real is None:
        return new_states
    # `Select` takes a condition of rank 1. `tf.where` would broadcast one of rank 2, and its gradient then works out
    # the shapes to sum over, at every step.
    return tuple(tf.raw_ops.Select(condition=real, x=new, y=old) for new, old in zip(new_states, states, strict=True))
