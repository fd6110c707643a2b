"""Runs a stack of cells by one call of cuDNN's recurrent kernels, where the cells' equations are cuDNN's.

cuDNN takes right-padded sequences of at least one step. Here any mask will do: a masked step changes no state, so the
real steps of every sequence are moved to its front, and their outputs back to where they came from. That needs no look
at the mask's values (a `tf.cond` between cuDNN and another loop would), and the gather that brings the outputs back is
the one that repeats the last output over masked steps. A sequence without real steps runs over one step of zeros, whose
results are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from zoo.cells import Cell, ElmanCell, GRUCell, LSTMCell
from zoo.engine import dropout as cell_dropout
from zoo.engine.cudnn_weights import Stack, pack
from zoo.engine.xla_context import inside_xla

_ACTIVATIONS = {
    "tanh": (keras.activations.tanh, keras.ops.tanh, tf.tanh),
    "sigmoid": (keras.activations.sigmoid, keras.ops.sigmoid, tf.sigmoid),
    "relu": (keras.activations.relu, keras.ops.relu, tf.nn.relu),
}

# The precision cuDNN runs in, by compute type. The op takes bfloat16 too and runs it in float32, but its backward pass
# hands cuDNN a fresh reserve space of the right size in the place of what the forward pass left there.
_PRECISION = {"float16": "float16", "bfloat16": "float32", "float32": "float32", "float64": "float64"}


def refusal(cell: Cell, *, training: bool = False) -> str | None:
    """Says why cuDNN cannot run a cell, here and now; `None` if it can.

    Args:
        cell: A cell.
        training: Whether dropout is active.
    """
    if type(cell) not in (LSTMCell, GRUCell, ElmanCell):
        return f"{type(cell).__name__} is none of cuDNN's cells"
    if _mode(cell) is None:
        return f"the equation of {cell.name} is not cuDNN's (its activations, or the GRU's reset or update gate)"
    if training and cell.recurrent_dropout:
        return "cuDNN has no recurrent_dropout"
    if cell.compute_dtype not in _PRECISION:
        return f"cuDNN does not compute in {cell.compute_dtype}"
    return _refusal_of_surroundings()


def stack_refusal(stack: Stack, *, training: bool = False) -> str | None:
    """Says why one call of cuDNN cannot run a stack; `None` if it can. Its cells may still run one by one.

    Args:
        stack: Layers from the lowest up, each one cell or two: forward, or forward and backward.
        training: Whether dropout is active.
    """
    cells = [cell for layer in stack for cell in layer]
    for cell in cells:
        reason = refusal(cell, training=training)
        if reason is not None:
            return reason
    if len({len(layer) for layer in stack}) > 1:
        return "some layers run in one direction and some in both"
    if len({(_mode(cell), cell.units, cell.compute_dtype) for cell in cells}) > 1:
        return "the cells differ in their equation, width or precision"
    if len(cells) > 1 and training and any(cell.dropout for cell in cells):
        return "cuDNN has no dropout of the input, and none that differs by direction"
    if any(cell.output_units is not None for layer in stack[:-1] for cell in layer):
        return "an output projection stands between two layers"
    return None


def _refusal_of_surroundings() -> str | None:
    if not tf.config.list_logical_devices("GPU"):
        return "there is no GPU"
    if not tf.sysconfig.get_build_info()["is_cuda_build"]:
        return "this TensorFlow is not built for CUDA"
    if inside_xla():
        return "XLA has no cuDNN kernel of recurrent nets"
    return None


def _mode(cell: Cell) -> str | None:
    """Returns the op's name for a cell's equation, or `None` if cuDNN has no such equation."""
    if type(cell) is ElmanCell:
        return next((f"rnn_{name}" for name in ("tanh", "relu") if cell.activation in _ACTIVATIONS[name]), None)
    if cell.activation not in _ACTIVATIONS["tanh"] or cell.recurrent_activation not in _ACTIVATIONS["sigmoid"]:
        return None
    if type(cell) is LSTMCell:
        return "lstm"
    return "gru" if cell.reset_after and cell.update_gate == "keep" else None


def run(
    stack: Stack,
    inputs: tf.Tensor,
    states: Sequence[tf.Tensor],
    *,
    mask: tf.Tensor | None = None,
    training: bool = False,
    go_backwards: bool = False,
    return_sequences: bool = True,
    zero_output_for_mask: bool = False,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Runs a stack of cells over a batch of sequences; `stack_refusal` has said that cuDNN can.

    The outputs of a layer of two directions are concatenated. A masked step changes no state. A sequence of no steps
    gives no outputs and returns the states it got. Second derivatives raise `LookupError`.

    Args:
        stack: Layers from the lowest up, each one built cell or two: forward, or forward and backward.
        inputs: `[batch, time, input]`.
        states: The first states `[batch, units]`: those of the lowest layer first, in a layer those of the forward
            cell first, in a cell in the cell's order.
        mask: `[batch, time]`, bool, True at real steps, of any pattern; `None` if all are real.
        training: Whether dropout is active.
        go_backwards: Whether a stack of one direction walks from the last step to the first.
        return_sequences: Whether to return the output of every step, else the last real one's.
        zero_output_for_mask: Whether masked steps give zeros; else, in a stack of one direction, they repeat the output
            before them. With two directions they always give zeros.

    Returns:
        The outputs in the order of time, `[batch, time, directions * output_size]` with `return_sequences`, else
        `[batch, directions * output_size]`, those of each direction's end; and the last states, in the order of
        `states`. Both are in the cells' compute type.
    """
    if training and stack[0][0].dropout:
        inputs = cell_dropout.of_inputs(stack[0][0], inputs)
    if go_backwards:
        inputs, mask = tf.reverse(inputs, [1]), None if mask is None else tf.reverse(mask, [1])
    steps = _unmasked(inputs) if mask is None else _to_the_front(inputs, mask)
    outputs, last = _by_cudnn(stack, steps, states, padded=mask is not None)
    if steps.real is not None:
        real = steps.real[:, tf.newaxis]
        last = [tf.where(real, new, tf.cast(old, new.dtype)) for new, old in zip(last, states, strict=True)]
    if return_sequences:
        outputs = _read_out(stack[-1], outputs)
        if mask is not None:
            outputs = _back_in_place(outputs, mask, zero_output_for_mask or len(stack[0]) == 2)
        outputs = tf.reverse(outputs, [1]) if go_backwards else outputs
    else:
        outputs = _last_output(stack, last, real=None if mask is None else steps.real)
    outputs.set_shape([*inputs.shape[: outputs.shape.rank - 1], None])
    return outputs, last


def _last_output(stack: Stack, last: Sequence[tf.Tensor], real: tf.Tensor | None) -> tf.Tensor:
    """Returns the output of each direction's end, `[batch, directions * output_size]`; zeros where `real` is False.

    Args:
        stack: The cells.
        last: The last states of all of them.
        real: `[batch]`, bool: whether a sequence has a step at all; `None` if that does not matter.
    """
    kinds = stack[0][0].state_count
    top = last[-kinds * len(stack[-1]) :: kinds]
    output = _read_out(stack[-1], tf.concat(top, axis=-1))
    return output if real is None else tf.where(real[:, tf.newaxis], output, tf.zeros_like(output))


class _Steps(NamedTuple):
    """Right-padded sequences of at least one step, and at least one of them, as cuDNN wants them.

    Attributes:
        inputs: `[at least batch, at least time, input]`.
        lengths: `[at least batch]`, int32, at least 1.
        shape: The batch and the time that were asked for, int32 scalars.
        real: `[batch]`, bool: whether a sequence has a step at all; `None` if all have.
    """

    inputs: tf.Tensor
    lengths: tf.Tensor
    shape: tuple[tf.Tensor, tf.Tensor]
    real: tf.Tensor | None


def _unmasked(inputs: tf.Tensor) -> _Steps:
    batch, time = tf.unstack(tf.shape(inputs)[:2])
    real = None if inputs.shape[1] else tf.fill([batch], time > 0)
    if not inputs.shape[0] or not inputs.shape[1]:
        inputs = tf.pad(inputs, [[0, tf.maximum(1 - batch, 0)], [0, tf.maximum(1 - time, 0)], [0, 0]])
    padded_batch, padded_time = tf.unstack(tf.shape(inputs)[:2])
    return _Steps(inputs, tf.fill([padded_batch], padded_time), (batch, time), real)


def _to_the_front(inputs: tf.Tensor, mask: tf.Tensor) -> _Steps:
    """Moves the real steps of every sequence to its front, with zeros behind them, one step more than there were."""
    batch, time = tf.unstack(tf.shape(inputs)[:2])
    more = [[0, tf.maximum(1 - batch, 0)], [0, 1]]
    inputs, mask = tf.pad(inputs, [*more, [0, 0]]), tf.pad(mask, more)
    number = tf.cumsum(tf.cast(mask, tf.int32), axis=1)
    # The n-th real step is the first one at which n steps were real. Where there is none, the added step of zeros is
    # taken: cuDNN leaves the gradient behind a sequence undefined, and there it reaches nothing.
    wanted = tf.broadcast_to(tf.range(1, time + 2), tf.shape(number))
    inputs = tf.gather(inputs, tf.minimum(tf.searchsorted(number, wanted), time), batch_dims=1)
    counts = number[:, -1]
    return _Steps(inputs, tf.maximum(counts, 1), (batch, time), counts[:batch] > 0)


def _back_in_place(outputs: tf.Tensor, mask: tf.Tensor, zero_output_for_mask: bool) -> tf.Tensor:
    """Undoes `_to_the_front` for outputs `[batch, time + 1, width]`; returns `[batch, time, width]`.

    As in Keras, the output before a sequence's first real step is zero, whatever the initial state.
    """
    number = tf.cumsum(tf.cast(mask, tf.int32), axis=1)
    seen = mask if zero_output_for_mask else number > 0
    # At a masked step, `number` is that of the real step before it, so that the gather repeats its output.
    outputs = tf.gather(outputs, tf.maximum(number - 1, 0), batch_dims=1)
    return tf.where(seen[..., tf.newaxis], outputs, tf.zeros([], outputs.dtype))


def _by_cudnn(
    stack: Stack, steps: _Steps, states: Sequence[tf.Tensor], *, padded: bool
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Calls the op; returns the top layer's h, `[batch, time (+ 1 if padded), directions * units]`, and all states."""
    cell = stack[0][0]
    dtype = _PRECISION[cell.compute_dtype]
    batch, time = steps.shape
    h, *c = _by_kind(states, cell.state_count, dtype, missing=tf.shape(steps.inputs)[0] - batch)
    outputs, *last = _op(
        # Time-major: the op takes batch-major states as `[batch, layers, units]` and hands them to cuDNN as they are,
        # which reads `[layers, batch, units]`.
        input=tf.transpose(tf.cast(steps.inputs, dtype), [1, 0, 2]),
        input_h=h,
        input_c=c[0] if c else tf.zeros([], dtype),
        params=pack(stack, dtype),
        sequence_lengths=steps.lengths,
        rnn_mode=_mode(cell),
        input_mode="linear_input",
        direction="bidirectional" if len(stack[0]) == 2 else "unidirectional",
        # The state of the op's own dropout could be kept in no file: what drops between layers runs them one by one.
        dropout=0.0,
        seed=0,
        # The op keeps its descriptor by the padded length, but whether it allows padding by the first lengths it saw.
        # So a call either never has padding or always, and the two never share an op: they differ in an attribute.
        seed2=int(padded),
        # The op's gradient asks for it, and it may be wanted outside training. Dropout is off by its rate.
        is_training=True,
        time_major=True,
    )
    outputs = tf.cast(tf.transpose(outputs, [1, 0, 2])[:batch, : time + int(padded)], cell.compute_dtype)
    last = [tf.cast(kind[:, :batch], cell.compute_dtype) for kind in last[: cell.state_count]]
    return outputs, [kind[index] for index in range(len(states) // cell.state_count) for kind in last]


def _by_kind(states: Sequence[tf.Tensor], kinds: int, dtype: str, missing: tf.Tensor) -> list[tf.Tensor]:
    """Stacks all cells' h, and all their c if there is one, `[cells, batch + missing, units]`."""
    stacked = [tf.stack([tf.cast(state, dtype) for state in states[kind::kinds]]) for kind in range(kinds)]
    return [tf.pad(each, [[0, 0], [0, missing], [0, 0]]) for each in stacked]


def _op(**arguments: object) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the outputs, the last h and the last c (a scalar without meaning unless the mode is "lstm")."""
    return tf.raw_ops.CudnnRNNV3(**arguments)[:3]


def _read_out(layer: Sequence[Cell], hidden: tf.Tensor) -> tf.Tensor:
    halves = tf.split(hidden, len(layer), axis=-1)
    return tf.concat([cell.read_out(half) for cell, half in zip(layer, halves, strict=True)], axis=-1)
