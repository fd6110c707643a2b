"""Runs a cell over time: one product for the inputs of all steps, a lean loop for the recurrence, the read-out afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from zoo.cells import Cell

# What one step of a loop does: (projected input, states) -> (output, new states).
Step = Callable[[tf.Tensor, tuple[tf.Tensor, ...]], tuple[tf.Tensor, tuple[tf.Tensor, ...]]]


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

    A masked step changes no state. The graph holds plain TensorFlow operations only: it compiles under XLA, differentiates,
    and any server runs it. A sequence of no steps gives no outputs and returns the states it got.

    Args:
        cell: A built cell.
        inputs: `[batch, time, input]` in the cell's compute dtype.
        states: The first states, each `[batch, units]`.
        mask: `[batch, time]`, bool, True at real steps; `None` if all are real.
        schedule: Order of the walk and what is kept.
        training: Whether dropout is active.

    Returns:
        The outputs, `[batch, time, output_size]` with `return_sequences` (in the order of the walk), else `[batch, output_size]`; and
        the last states.
    """
    schedule = schedule or Schedule()
    batch = tf.shape(inputs)[0]
    sequence = tf.transpose(inputs, [1, 0, 2])
    if training and cell.dropout:
        sequence = sequence * _dropout_mask(cell, [batch, inputs.shape[2]], cell.dropout)
    recurrent_mask = None
    if training and cell.recurrent_dropout:
        recurrent_mask = _dropout_mask(cell, [batch, cell.units], cell.recurrent_dropout)
    recurrent = cell.recurrent_product(recurrent_mask)

    def step(projected: tf.Tensor, states: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
        output, new_states = cell.step(projected, states, recurrent)
        return output, tuple(new_states)

    mask = None if mask is None else tf.transpose(mask)
    walk = _unrolled if schedule.unroll or inputs.shape[1] == 0 else _looped
    outputs, states = walk(step, cell.project(sequence), tuple(states), mask, schedule)
    return _read_out(cell, outputs, mask, schedule), list(states)


def _dropout_mask(cell: Cell, shape: list[tf.Tensor | int], rate: float) -> tf.Tensor:
    return keras.random.dropout(tf.ones(shape, cell.compute_dtype), rate, seed=cell.seed_generator)


def _carries_output(mask: tf.Tensor | None, schedule: Schedule) -> bool:
    """Whether a step needs the output of the step before it: to repeat it, or because it is the result."""
    if not schedule.return_sequences:
        return True
    return mask is not None and not schedule.zero_output_for_mask


def _advance(
    step: Step, projected: tf.Tensor, states: tuple[tf.Tensor, ...], carried: tuple[tf.Tensor, ...], real: tf.Tensor | None
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Makes one step; where `real` `[batch]` is False, states stay and the carried output, if any, is repeated."""
    output, new_states = step(projected, states)
    if real is None:
        return output, new_states
    # `Select` takes a condition of rank 1. `tf.where` would broadcast one of rank 2, and its gradient then works out the shapes
    # to sum over, at every step.
    new_states = tuple(
        tf.raw_ops.Select(condition=real, x=new, y=old) for new, old in zip(new_states, states, strict=True)
    )
    for previous in carried:
        output = tf.raw_ops.Select(condition=real, x=output, y=previous)
    return output, new_states


def _looped(
    step: Step, projected: tf.Tensor, states: tuple[tf.Tensor, ...], mask: tf.Tensor | None, schedule: Schedule
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Walks the steps of `projected` `[time, batch, columns]` in a `tf.while_loop`; see `_unrolled` for the result."""
    length = projected.shape[0]
    steps = tf.shape(projected)[0] if length is None else length
    inputs = tf.TensorArray(projected.dtype, steps, element_shape=projected.shape[1:]).unstack(projected)
    reals = None if mask is None else tf.TensorArray(tf.bool, steps, element_shape=mask.shape[1:]).unstack(mask)
    nothing = tf.zeros_like(states[0])  # the first state is the output
    carried = (nothing,) if _carries_output(mask, schedule) else ()
    written = ()
    if schedule.return_sequences:
        # Zero steps with an unknown batch size would leave the stack without a known shape: one step is always there.
        size = tf.maximum(steps, 1) if length is None else steps
        written = (tf.TensorArray(nothing.dtype, size, element_shape=nothing.shape),)
        if length is None:
            written = (written[0].write(0, nothing),)

    def body(
        time: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        carried: tuple[tf.Tensor, ...],
        written: tuple[tf.TensorArray, ...],
    ) -> tuple:
        source = steps - 1 - time if schedule.go_backwards else time
        real = None if reals is None else reals.read(source)
        output, new_states = _advance(step, inputs.read(source), states, carried, real)
        for new, old in zip(new_states, states, strict=True):
            new.set_shape(old.shape)  # the batch size may be known from an initial state only
        output.set_shape(nothing.shape)
        carried = (output,) if carried else ()
        return time + 1, new_states, carried, tuple(array.write(time, output) for array in written)

    _, states, carried, written = tf.while_loop(
        lambda time, *_: time < steps,
        body,
        (tf.constant(0), states, carried, written),
        maximum_iterations=steps,  # XLA sizes what the backward pass needs by it
        parallel_iterations=32,
        swap_memory=True,
    )
    if not schedule.return_sequences:
        return carried[0], states
    outputs = written[0].stack()
    return (outputs[:steps] if length is None else outputs), states


def _unrolled(
    step: Step, projected: tf.Tensor, states: tuple[tf.Tensor, ...], mask: tf.Tensor | None, schedule: Schedule
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Walks the steps of `projected` `[time, batch, columns]` one after another in the graph.

    Returns:
        The outputs before the read-out, `[time, batch, units]` with `return_sequences`, else `[batch, units]`; and the last states.
    """
    steps = tf.unstack(projected)
    reals = [None] * len(steps) if mask is None else tf.unstack(mask)
    order = reversed(range(len(steps))) if schedule.go_backwards else range(len(steps))
    output = tf.zeros_like(states[0])
    outputs = []
    for time in order:
        carried = (output,) if _carries_output(mask, schedule) else ()
        output, states = _advance(step, steps[time], states, carried, reals[time])
        outputs.append(output)
    if not schedule.return_sequences:
        return output, states
    return (tf.stack(outputs) if outputs else tf.zeros_like(states[0])[tf.newaxis][:0]), states


def _read_out(cell: Cell, outputs: tf.Tensor, mask: tf.Tensor | None, schedule: Schedule) -> tf.Tensor:
    """Applies the output projection and turns time-major outputs into `[batch, time, output_size]`.

    The output before a sequence's first real step is zero, and an output projection must not make something of it.
    """
    outputs = cell.read_out(outputs)
    if not schedule.return_sequences:
        if mask is None or cell.output_units is None:
            return outputs
        return _zero_where_not(tf.reduce_any(mask, axis=0), outputs)
    if mask is not None and schedule.go_backwards:
        mask = tf.reverse(mask, [0])
    if mask is not None and schedule.zero_output_for_mask:
        outputs = _zero_where_not(mask, outputs)
    elif mask is not None and cell.output_units is not None:
        outputs = _zero_where_not(tf.cumsum(tf.cast(mask, tf.int32)) > 0, outputs)
    return tf.transpose(outputs, [1, 0, 2])


def _zero_where_not(mask: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    return tf.where(mask[..., tf.newaxis], outputs, tf.zeros([], outputs.dtype))
