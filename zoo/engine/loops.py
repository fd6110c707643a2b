"""The loops over time that XLA compiles: forward, and backward by hand around an automatically differentiated step."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.cells import Cell
from zoo.engine import tapes, xla_slices
from zoo.engine.equation import operands, signature
from zoo.engine.products import Noting, Replaying, Weights


class Walk(NamedTuple):
    """Which steps are walked: `[batch, time, 1]`, True at real ones (`None`: all), and how many come before padding."""

    mask: tf.Tensor | None
    steps: tf.Tensor


class Record(NamedTuple):
    """What the forward loop keeps for the backward one, each `[batch, time, ...]`.

    Attributes:
        projected: The projected inputs; with the product added, if the cell only adds it.
        states: The states before each step.
        products: The recurrent products that are not only added.
        operands: What was multiplied, where that is not a state.
    """

    projected: tf.Tensor
    states: tuple[tf.Tensor, ...]
    products: tuple[tf.Tensor, ...]
    operands: tuple[tf.Tensor, ...]


_LOOPS: dict[Hashable, Loops] = {}


def loops_of(cell: Cell, columns: int) -> Loops:
    """Returns the compiled loops of a cell's equation; cells of one equation share them.

    Raises:
        NotCompilable: The cell's step cannot be compiled; the message says why.
    """
    key = (signature(cell), columns)
    if key not in _LOOPS:
        _LOOPS[key] = Loops(cell, operands(cell, columns))
    # Any cell of the equation will do for tracing, and the one that asks is alive.
    _LOOPS[key].serve(cell)
    return _LOOPS[key]


class Loops:
    """The compiled loops of one cell equation.

    Two things make them fast on a CPU. What a step reads is fetched one step ahead and carried by the loop: an
    element-wise kernel that contains the dynamic slice itself is not vectorised, and costs as much as the products.
    And the batch comes first in all tensors, so that nothing is turned around before or after.

    Args:
        cell: A cell of this equation.
        operands: See `equation.operands`.
    """

    def __init__(self, cell: Cell, operands: tuple[int | None, ...]) -> None:
        """Compiles nothing yet: XLA does, when the shapes are known."""
        self.serve(cell)
        self.operands = operands
        self._made = tuple(i for i, operand in enumerate(operands) if operand is None)
        self._kept = tuple(range(1 if cell.adds_product else 0, len(operands)))
        self._functions: dict[Hashable, Callable] = {}

    def serve(self, cell: Cell) -> None:
        """Takes the step to trace from this cell, if one must be traced; none of its weights is used, or kept alive."""
        self._cell = weakref.ref(cell)

    @property
    def cell(self) -> Cell:
        """The cell that was served last."""
        return self._cell()

    def run(
        self, projected: tf.Tensor, states: tuple[tf.Tensor, ...], weights: Weights, walk: Walk, **options: bool
    ) -> tuple[tf.Tensor | None, tuple[tf.Tensor, ...]]:
        """Runs the cell over the projected inputs.

        Args:
            projected: `[batch, time, columns]`.
            states: The first states, `[batch, units]` each.
            weights: The recurrent weights.
            walk: Which steps.
            **options: `sequences` (keep every step's h), `recording` (keep what the gradient needs), `backwards`.

        Returns:
            The state h after each step, in the order of time, `[batch, time, units]` (undefined beyond the walk), or
            `None` without `sequences`; and the last states.
        """
        sequences, recording, backwards = options["sequences"], options["recording"], options["backwards"]
        count, kernels = len(states), len(weights.kernels)

        forward = self._forward(sequences, recording, backwards)

        @tf.custom_gradient
        def differentiable(projected: tf.Tensor, *rest: tf.Tensor) -> tuple[Any, Callable]:
            states, recurrent = rest[:count], rest[count:]
            own = weights._replace(kernels=recurrent[:kernels], vectors=recurrent[kernels:])
            with tapes.stopped():
                hidden, last, record = forward(projected, states, own, walk)

            def gradient(*upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
                @tf.custom_gradient
                def once(upstream: tuple[tf.Tensor, ...], *sources: tf.Tensor) -> tuple[Any, Callable]:
                    del sources  # they are here so that a second derivative by them comes by, and is refused
                    kept = record
                    with tapes.stopped():
                        if kept is None:  # nobody had said that a gradient would be wanted
                            kept = self._forward(sequences, True, backwards)(projected, states, own, walk)[2]
                        return self._gradient(upstream, own, walk, kept, sequences, backwards), _refuse

                return once(upstream, projected, *rest)

            return ((hidden, *last) if sequences else last), gradient

        results = differentiable(projected, *states, *weights.kernels, *weights.vectors)
        return (results[0], tuple(results[1:])) if sequences else (None, tuple(results))

    def _gradient(
        self,
        upstream: tuple[tf.Tensor, ...],
        weights: Weights,
        walk: Walk,
        record: Record,
        sequences: bool,
        backwards: bool,
    ) -> tuple[tf.Tensor, ...]:
        """Returns the gradients of projected inputs, first states, kernels and vectors."""
        # XLA would transpose at every step.
        transposed = tuple(tf.transpose(kernel) for kernel in weights.kernels)
        d_hidden, d_last = (upstream[0], upstream[1:]) if sequences else (None, upstream)
        d_states, d_projected, d_products, d_vectors = self._backward(backwards)(
            d_hidden, d_last, weights._replace(kernels=transposed), walk, record
        )
        made = dict(zip(self._made, record.operands, strict=True))
        arriving = dict(zip(self._kept, d_products, strict=True))
        d_kernels = []
        for product, state in enumerate(self.operands):
            operand = made[product] if state is None else record.states[state]
            if state is not None and weights.dropout_mask is not None:
                operand = operand * weights.dropout_mask[:, tf.newaxis]
            kernel = weights.kernels[product]
            d_product = arriving.get(product, d_projected)
            d_kernels.append(
                tf.matmul(
                    tf.reshape(operand, [-1, kernel.shape[0]]),
                    tf.reshape(d_product, [-1, d_product.shape[-1]])[:, : kernel.shape[1]],
                    transpose_a=True,
                )
            )
        return (d_projected, *d_states, *d_kernels, *d_vectors)

    def _forward(self, sequences: bool, recording: bool, backwards: bool) -> Callable:
        options = {"sequences": sequences, "recording": recording, "backwards": backwards}
        return self._compiled("forward", self._walk_forward, **options)

    def _backward(self, backwards: bool) -> Callable:
        return self._compiled("backward", self._walk_backward, backwards=backwards)

    def _compiled(self, name: str, function: Callable, **options: bool) -> Callable:
        key = (name, *options.values())
        if key not in self._functions:
            self._functions[key] = tf.function(
                functools.partial(function, **options), jit_compile=True, autograph=False, reduce_retracing=True
            )
        return self._functions[key]

    def _walk_forward(
        self,
        projected: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        weights: Weights,
        walk: Walk,
        *,
        sequences: bool,
        recording: bool,
        backwards: bool,
    ) -> tuple[tf.Tensor | None, tuple[tf.Tensor, ...], Record | None]:
        def position(walked: tf.Tensor) -> tf.Tensor:
            return walk.steps - 1 - walked if backwards else walked

        def fetch(walked: tf.Tensor) -> tuple[tf.Tensor, ...]:
            at = position(walked)
            return tuple(xla_slices.read(tensor, at) for tensor in (projected, walk.mask) if tensor is not None)

        def body(walked: tf.Tensor, fetched: Any, states: Any, buffers: Any) -> tuple:
            noting = Noting(weights)
            new = self._advance(fetched, states, noting)
            rows = (new[0],) if sequences else ()
            if recording:
                rows += self._row_of_record(fetched[0], states, noting)
            at = position(walked)
            buffers = tuple(xla_slices.write(buffer, at, row) for buffer, row in zip(buffers, rows, strict=True))
            return walked + 1, fetch(walked + 1), new, buffers

        widths = [self.cell.units] if sequences else []
        if recording:
            widths += self._widths_of_record(projected, weights)
        buffers = tuple(_buffer(projected, width) for width in widths)
        _, _, last, buffers = tf.while_loop(
            lambda walked, *_: walked < walk.steps, body, (tf.constant(0), fetch(tf.constant(0)), states, buffers)
        )
        hidden, kept = (buffers[0], buffers[1:]) if sequences else (None, buffers)
        return hidden, last, self._record(projected, kept) if recording else None

    def _advance(self, fetched: tuple[tf.Tensor, ...], states: tuple[tf.Tensor, ...], recurrent: Any) -> tuple:
        new = tuple(self.cell.step(fetched[0], states, recurrent)[1])
        if len(fetched) == 1:
            return new
        return tuple(tf.where(fetched[1], after, before) for after, before in zip(new, states, strict=True))

    def _widths_of_record(self, projected: tf.Tensor, weights: Weights) -> list[int]:
        added = [projected.shape[-1]] if self.cell.adds_product else []
        states = [self.cell.units] * self.cell.state_count
        products = [weights.kernels[product].shape[1] for product in self._kept]
        return added + states + products + [weights.kernels[product].shape[0] for product in self._made]

    def _row_of_record(self, projected: tf.Tensor, states: Any, noting: Noting) -> tuple[tf.Tensor, ...]:
        added = ()
        if self.cell.adds_product:
            product = noting.products[0]
            width = product.shape[-1]
            added = (tf.concat([projected[:, :width] + product, projected[:, width:]], axis=-1),)
            if width == projected.shape[-1]:
                added = (projected + product,)
        products = tuple(noting.products[product] for product in self._kept)
        return added + states + products + tuple(noting.operands[product] for product in self._made)

    def _record(self, projected: tf.Tensor, buffers: Sequence[tf.Tensor]) -> Record:
        rest = list(buffers)
        if self.cell.adds_product:
            projected = rest.pop(0)
        count = self.cell.state_count
        products = count + len(self._kept)
        return Record(projected, tuple(rest[:count]), tuple(rest[count:products]), tuple(rest[products:]))

    def _walk_backward(
        self,
        d_hidden: tf.Tensor | None,
        d_last: tuple[tf.Tensor, ...],
        weights: Weights,
        walk: Walk,
        record: Record,
        *,
        backwards: bool,
    ) -> tuple[tuple[tf.Tensor, ...], tf.Tensor, tuple[tf.Tensor, ...], tuple[tf.Tensor, ...]]:
        def position(walked: tf.Tensor) -> tf.Tensor:
            return walk.steps - 1 - walked if backwards else walked

        def fetch(walked: tf.Tensor) -> Any:
            at = position(walked)
            groups = (record.projected, walk.mask), record.states, record.products, (d_hidden,)
            return tuple(tuple(xla_slices.read(each, at) for each in group if each is not None) for group in groups)

        def body(walked: tf.Tensor, fetched: Any, d_states: Any, d_vectors: Any, buffers: Any) -> tuple:
            step, states, products, d_output = fetched
            if d_output:
                d_states = (d_states[0] + d_output[0], *d_states[1:])
            d_step, d_states, d_products, d_own = self._differentiate(step, states, products, weights, d_states)
            at = position(walked)
            rows = (d_step, *d_products)
            buffers = tuple(xla_slices.write(buffer, at, row) for buffer, row in zip(buffers, rows, strict=True))
            d_vectors = tuple(total + part for total, part in zip(d_vectors, d_own, strict=True))
            return walked - 1, fetch(walked - 1), d_states, d_vectors, buffers

        widths = [record.projected.shape[-1], *(product.shape[-1] for product in record.products)]
        buffers = tuple(_buffer(record.projected, width) for width in widths)
        d_vectors = tuple(tf.zeros_like(vector) for vector in weights.vectors)
        last = walk.steps - 1
        _, _, d_states, d_vectors, buffers = tf.while_loop(
            lambda walked, *_: walked >= 0, body, (last, fetch(last), d_last, d_vectors, buffers)
        )
        return d_states, buffers[0], buffers[1:], d_vectors

    def _differentiate(
        self, step: Any, states: Any, products: tuple[tf.Tensor, ...], weights: Weights, d_new: tuple[tf.Tensor, ...]
    ) -> tuple[tf.Tensor, tuple[tf.Tensor, ...], tuple[tf.Tensor, ...], tuple[tf.Tensor, ...]]:
        """Returns the gradients of one step's projected input, states, products and vectors."""
        # `tf.gradients` and not a tape: all tapes stand still while this is traced.
        sources = tf.nest.map_structure(tf.identity, (step[0], states, products, weights.vectors))
        projected, states, products, vectors = sources
        known = dict(zip(self._kept, products, strict=True))
        recurrent = Replaying(weights._replace(vectors=vectors), known)
        new = self._advance((projected, *step[1:]), states, recurrent)
        flat = tf.gradients(new, tf.nest.flatten(sources), d_new, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.nest.pack_sequence_as(sources, flat)


def _refuse(*_: tf.Tensor) -> None:
    raise LookupError("second derivatives of a recurrent layer need `fast=False`")


def _buffer(like: tf.Tensor, width: int) -> tf.Tensor:
    shape = tf.shape(like)
    zeros = tf.zeros(tf.stack([shape[0], shape[1], width]), like.dtype)
    return tf.ensure_shape(zeros, [*like.shape[:2], width])
