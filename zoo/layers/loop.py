"""Runs a cell over time: one product for all steps' inputs, a lean loop for the recurrence, the read-out afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from zoo.cells import Cell, RecurrentProduct

# What one step of a loop does: (projected input, states) -> new states, the first of which is the output.
Step = Callable[[tf.Tensor, tuple[tf.Tensor, ...]], tuple[tf.Tensor, ...]]


@dataclass(frozen=True)
class Schedule:
    """In which order the steps are walked, and which results are kept.

    Attributes:
        go_backwards: Walk from the last step to the first; results come in the order of the walk.
        unroll: Write every step into the graph instead of a loop. Needs a static number of steps.
        return_sequences: Keep every step's output, else only the last real one's.
        zero_output_for_mask: With `return_sequences`, masked steps give zeros; else they repeat the output before them.
    """

    go_backwards: bool = False
    unroll: bool = False
    return_sequences: bool = True
    zero_output_for_mask: bool = False


def run(
    cell: Cell,
    inputs: tf.Tensor,
    states: Sequence[tf.Tensor],
    *,
    mask: tf.Tensor | None = None,
    schedule: Schedule | None = None,
    training: bool = False,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Runs a cell over a batch of sequences.

    A masked step changes no state. The graph holds plain TensorFlow operations only: it compiles under XLA,
    differentiates, and any server runs it. A sequence of no steps gives no outputs and returns the states it got.

    For a cell that only adds the recurrent product to its input (`Cell.adds_product`), the gradient of the recurrent
    kernel is one product after the backward loop instead of one a step; second derivatives then raise `LookupError`,
    unless `unroll` is on.

    Args:
        cell: A built cell.
        inputs: `[batch, time, input]` in the cell's compute dtype.
        states: The first states, each `[batch, units]`.
        mask: `[batch, time]`, bool, True at real steps; `None` if all are real.
        schedule: Order of the walk and what is kept.
        training: Whether dropout is active.

    Returns:
        The outputs, `[batch, time, output_size]` with `return_sequences` (in the order of the walk), else `[batch,
        output_size]`; and the last states.
    """
    schedule = schedule or Schedule()
    states = tuple(states)
    batch = tf.shape(inputs)[0]
    sequence = tf.transpose(inputs, [1, 0, 2])
    if training and cell.dropout:
        sequence = sequence * _dropout_mask(cell, [batch, inputs.shape[2]], cell.dropout)
    recurrent_mask = None
    if training and cell.recurrent_dropout:
        recurrent_mask = _dropout_mask(cell, [batch, cell.units], cell.recurrent_dropout)
    recurrent = cell.recurrent_product(recurrent_mask, many_steps=True)
    projected = cell.project(sequence)
    mask = None if mask is None else tf.transpose(mask)

    def step(projected: tf.Tensor, states: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, ...]:
        return tuple(cell.step(projected, states, recurrent)[1])

    if schedule.unroll or inputs.shape[1] == 0:
        hidden, states = _unrolled(step, projected, states, mask, schedule)
    elif cell.adds_product:
        deferred = DeferredKernelGradient(recurrent, states[0], go_backwards=schedule.go_backwards)
        hidden, states = _looped(step, deferred.attach(projected), states, mask, schedule)
        deferred.hidden = hidden
    else:
        hidden, states = _looped(step, projected, states, mask, schedule)
    return _outputs(cell, hidden, states, mask, schedule), list(states)


def _dropout_mask(cell: Cell, shape: list[tf.Tensor | int], rate: float) -> tf.Tensor:
    return keras.random.dropout(tf.ones(shape, cell.compute_dtype), rate, seed=cell.seed_generator)


def _advance(
    step: Step, projected: tf.Tensor, states: tuple[tf.Tensor, ...], real: tf.Tensor | None
) -> tuple[tf.Tensor, ...]:
    """Makes one step; states stay where `real` `[batch]` is False."""
    new_states = step(projected, states)
    if real is None:
        return new_states
    # `Select` takes a condition of rank 1. `tf.where` would broadcast one of rank 2, and its gradient then works out
    # the shapes to sum over, at every step.
    return tuple(tf.raw_ops.Select(condition=real, x=new, y=old) for new, old in zip(new_states, states, strict=True))


def _looped(
    step: Step, projected: tf.Tensor, states: tuple[tf.Tensor, ...], mask: tf.Tensor | None, schedule: Schedule
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Walks the steps of `projected` `[time, batch, columns]` in a `tf.while_loop`; see `_unrolled` for the result."""
    length = projected.shape[0]
    steps = tf.shape(projected)[0] if length is None else length
    inputs = tf.TensorArray(projected.dtype, steps, element_shape=projected.shape[1:]).unstack(projected)
    reals = None if mask is None else tf.TensorArray(tf.bool, steps, element_shape=mask.shape[1:]).unstack(mask)
    # Zero steps with an unknown batch size would leave the stack without a known shape: one step is always there.
    size = tf.maximum(steps, 1) if length is None else steps
    hidden = tf.TensorArray(states[0].dtype, size, element_shape=states[0].shape)
    if length is None:
        hidden = hidden.write(0, tf.zeros_like(states[0]))

    def body(time: tf.Tensor, states: tuple[tf.Tensor, ...], hidden: tf.TensorArray) -> tuple:
        source = steps - 1 - time if schedule.go_backwards else time
        new_states = _advance(step, inputs.read(source), states, None if reals is None else reals.read(source))
        for new, old in zip(new_states, states, strict=True):
            new.set_shape(old.shape)  # the batch size may be known from an initial state only
        return time + 1, new_states, hidden.write(time, new_states[0])

    _, states, hidden = tf.while_loop(
        lambda time, *_: time < steps,
        body,
        (tf.constant(0), states, hidden),
        maximum_iterations=steps,  # XLA sizes what the backward pass needs by it
        parallel_iterations=32,
        swap_memory=True,
    )
    hidden = hidden.stack()
    return (hidden[:steps] if length is None else hidden), states


def _unrolled(
    step: Step, projected: tf.Tensor, states: tuple[tf.Tensor, ...], mask: tf.Tensor | None, schedule: Schedule
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Walks the steps of `projected` `[time, batch, columns]` one after another in the graph.

    Returns:
        The first state after every step, `[time, batch, units]` in the order of the walk, and the last states.
    """
    steps = tf.unstack(projected)
    reals = [None] * len(steps) if mask is None else tf.unstack(mask)
    hidden = []
    for time in reversed(range(len(steps))) if schedule.go_backwards else range(len(steps)):
        states = _advance(step, steps[time], states, reals[time])
        hidden.append(states[0])
    return (tf.stack(hidden) if hidden else states[0][tf.newaxis][:0]), states


def _outputs(
    cell: Cell, hidden: tf.Tensor, states: tuple[tf.Tensor, ...], mask: tf.Tensor | None, schedule: Schedule
) -> tf.Tensor:
    """Turns the states h into the layer's outputs: read-out, zeros where nothing was seen, batch first.

    As in Keras, the output before a sequence's first real step is zero, whatever the initial state.
    """
    if not schedule.return_sequences:
        output = cell.read_out(states[0])
        return output if mask is None else _zero_where_not(tf.reduce_any(mask, axis=0), output)
    outputs = cell.read_out(hidden)
    if mask is not None:
        mask = tf.reverse(mask, [0]) if schedule.go_backwards else mask
        seen = mask if schedule.zero_output_for_mask else tf.cumsum(tf.cast(mask, tf.int32)) > 0
        outputs = _zero_where_not(seen, outputs)
    return tf.transpose(outputs, [1, 0, 2])


def _zero_where_not(mask: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    return tf.where(mask[..., tf.newaxis], outputs, tf.zeros([], outputs.dtype))


class DeferredKernelGradient:
    """Makes the gradient of the recurrent kernel after the backward loop, as one product over all steps.

    Where `projected_t + h_{t-1} U` is all that becomes of the product, its gradient is that of `projected_t`, so that
    dU = Σ_t h_{t-1}ᵀ dprojected_t. The loop sees a U without gradient, and the gradient that arrives at `projected`
    makes U's.

    Args:
        recurrent: The cell's products; the first one's kernel is taken out of the loop's gradient.
        first: The first state h, `[batch, units]`.
        go_backwards: Whether the loop walks from the last step to the first.

    Attributes:
        hidden: The state h after every step, `[time, batch, units]` in the order of the walk; to be set once the loop
            is built.
    """

    def __init__(self, recurrent: RecurrentProduct, first: tf.Tensor, *, go_backwards: bool) -> None:
        """Takes the kernel out of the loop's gradient."""
        self._kernel = recurrent.kernels[0]
        recurrent.kernels = (tf.stop_gradient(self._kernel), *recurrent.kernels[1:])
        recurrent.transposed = (tf.stop_gradient(recurrent.transposed[0]), *recurrent.transposed[1:])
        self._dropout_mask = recurrent.dropout_mask
        self._first = first
        self._go_backwards = go_backwards
        self.hidden: tf.Tensor | None = None

    def attach(self, projected: tf.Tensor) -> tf.Tensor:
        """Returns `projected` `[time, batch, columns]`, through whose gradient the kernel gets its own."""

        @tf.custom_gradient
        def identity(projected: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable]:
            del kernel
            return tf.identity(projected), self._gradient

        return identity(projected, self._kernel)

    def _gradient(self, upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # The kernel inside the loop is a constant to autodiff: a second derivative would silently lack a part.
        upstream = tf.raw_ops.PreventGradient(
            input=upstream, message="second derivatives of a recurrent layer need `unroll=True`"
        )
        before = tf.concat([self._first[tf.newaxis], self.hidden], axis=0)[:-1]
        if self._go_backwards:
            before = tf.reverse(before, [0])
        if self._dropout_mask is not None:
            before = before * self._dropout_mask
        rows, columns = self._kernel.shape
        added = tf.reshape(upstream, [-1, upstream.shape[-1]])[:, :columns]
        return upstream, tf.matmul(tf.reshape(before, [-1, rows]), added, transpose_a=True)
