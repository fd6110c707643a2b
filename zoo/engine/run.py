"""Runs a cell over time: products of all steps at once where that can be, the recurrence by the best path."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf
from absl import logging

from zoo.cells import Cell
from zoo.engine import compiled, cudnn, dropout, paths, plain, tapes
from zoo.engine.equation import NotCompilable
from zoo.engine.schedule import Schedule


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

    A masked step changes no state. A sequence of no steps gives no outputs and returns the states it got. Unless
    `schedule.fast` is False, second derivatives may raise `LookupError`.

    Args:
        cell: A built cell.
        inputs: `[batch, time, input]` in the cell's compute dtype.
        states: The first states, each `[batch, units]`.
        mask: `[batch, time]`, bool, True at real steps; `None` if all are real.
        schedule: Order of the walk and what is kept.
        training: Whether dropout is active; a gradient is then expected, whether a tape is seen or not.

    Returns:
        The outputs, `[batch, time, output_size]` with `return_sequences`, else `[batch, output_size]`; and the last
        states.
    """
    schedule = schedule or Schedule()
    weights = [tf.convert_to_tensor(variable) for variable in cell.trainable_variables]
    recording = training or tapes.are_recording([inputs, *states, *weights])
    path = paths.choose(cell, inputs, schedule, training=training, recording=recording)
    if path is paths.Path.CUDNN:
        outputs, states = cudnn.run(
            [[cell]],
            inputs,
            states,
            mask=mask,
            training=training,
            go_backwards=schedule.go_backwards,
            return_sequences=schedule.return_sequences,
            zero_output_for_mask=schedule.zero_output_for_mask,
        )
    else:
        hidden, states = _states_over_time(
            cell, inputs, tuple(states), mask, schedule, path=path, training=training, recording=recording
        )
        outputs = _outputs(cell, hidden, states, mask, schedule)
    if schedule.return_sequences and schedule.go_backwards and not schedule.in_order_of_time:
        outputs = tf.reverse(outputs, [1])
    return outputs, list(states)


def _states_over_time(
    cell: Cell,
    inputs: tf.Tensor,
    states: tuple[tf.Tensor, ...],
    mask: tf.Tensor | None,
    schedule: Schedule,
    *,
    training: bool,
    recording: bool,
    path: paths.Path,
) -> tuple[tf.Tensor | None, tuple[tf.Tensor, ...]]:
    """Returns the state h after each step, `[batch, time, units]` in the order of time, and the last states."""
    if training and cell.dropout:
        inputs = dropout.of_inputs(cell, inputs)
    mask_of_h = None
    if training and cell.recurrent_dropout:
        mask_of_h = dropout.mask_of_states(cell, tf.shape(inputs)[0])
    recurrent = cell.recurrent_product(mask_of_h)
    wanted = {"backwards": schedule.go_backwards, "sequences": schedule.return_sequences, "recording": recording}
    if path is paths.Path.COMPILED:
        try:
            return compiled.run(cell, inputs, states, recurrent, mask, **wanted)
        except NotCompilable as error:
            logging.debug("%s runs in plain operations: %s", cell.name, error)
    return plain.run(cell, inputs, states, recurrent, mask, unroll=schedule.unroll, **wanted)


def _outputs(
    cell: Cell, hidden: tf.Tensor | None, states: tuple[tf.Tensor, ...], mask: tf.Tensor | None, schedule: Schedule
) -> tf.Tensor:
    """Turns the states h into the layer's outputs: read-out, zeros where nothing was seen.

    As in Keras, the output before a sequence's first real step is zero, whatever the initial state.
    """
    if not schedule.return_sequences:
        output = cell.read_out(states[0])
        return output if mask is None else _zero_where_not(tf.reduce_any(mask, axis=1), output)
    outputs = cell.read_out(hidden)
    if mask is not None:
        seen = mask
        if not schedule.zero_output_for_mask:
            seen = tf.cumsum(tf.cast(mask, tf.int32), axis=1, reverse=schedule.go_backwards) > 0
        outputs = _zero_where_not(seen, outputs)
    return outputs


def _zero_where_not(mask: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    return tf.where(mask[..., tf.newaxis], outputs, tf.zeros([], outputs.dtype))
