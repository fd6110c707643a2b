"""The loops over time that XLA compiles: forward, and backward by hand around an automatically differentiated step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.cells import Cell
from zoo.cells.precision import wide
from zoo.engine import xla_slices
from zoo.engine.compilation import Compilation, CompilationCache
from zoo.engine.equation import operands, signature
from zoo.engine.products import Noting, Replaying, Weights


class RealSteps(NamedTuple):
    """Which steps of a batch are real.

    Attributes:
        mask: `[batch, time, 1]`, True at real steps; `None` if all of the first `count` are.
        count: How many steps there are before those that only fill up the compiled size, an int32 scalar.
    """

    mask: tf.Tensor | None
    count: tf.Tensor


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


_LOOPS: CompilationCache[Loops] = CompilationCache()


def loops_of(cell: Cell, columns: int) -> Loops:
    """Returns the compiled loops of a cell's equation; cells of one equation share them.

    Raises:
        NotCompilable: The cell's step cannot be compiled; the message says why.
    """
    return _LOOPS.get((signature(cell), columns), lambda: Loops(cell, operands(cell, columns)))


class Loops(Compilation):
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
        super().__init__(cell)
        self.operands = operands
        self._made = tuple(i for i, operand in enumerate(operands) if operand is None)
        self._kept = tuple(range(1 if cell.adds_product else 0, len(operands)))

    def run(
        self,
        projected: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        weights: Weights,
        real: RealSteps,
        *,
        sequences: bool,
        recording: bool,
        backwards: bool,
    ) -> tuple[tf.Tensor | None, tuple[tf.Tensor, ...]]:
        """Runs the cell over the projected inputs.

        Args:
            projected: `[batch, time, columns]`.
            states: The first states, `[batch, units]` each.
            weights: The recurrent weights.
            real: Which steps are real.
            sequences: Keep every step's h.
            recording: Keep what the gradient needs.
            backwards: Walk from the last step to the first.

        Returns:
            The state h after each step, in the order of time, `[batch, time, units]` (undefined beyond `real.count`),
            or `None` without `sequences`; and the last states.
        """
        count, kernels = len(states), len(weights.kernels)

        def as_given(states_and_weights: tuple[tf.Tensor, ...]) -> tuple[tuple[tf.Tensor, ...], Weights]:
            states, own = states_and_weights[:count], states_and_weights[count:]
            return states, weights._replace(kernels=own[:kernels], vectors=own[kernels:])

        def forward(projected: tf.Tensor, *rest: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], Record | None]:
            states, own = as_given(rest)
            hidden, last, record = self._forward(sequences, recording, backwards)(projected, states, own, real)
            return ((hidden, *last) if sequences else last), record

        def backward(
            upstream: tuple[tf.Tensor, ...], record: Record | None, projected: tf.Tensor, *rest: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            states, own = as_given(rest)
            if record is None:  # nobody had said that a gradient would be wanted
                record = self._forward(sequences, True, backwards)(projected, states, own, real)[2]
            return self._gradient(upstream, own, real, record, sequences, backwards)

        function = self.differentiable(forward, backward)
        results = tuple(function(projected, *states, *weights.kernels, *weights.vectors))
        return (results[0], results[1:]) if sequences else (None, results)

    def _gradient(
        self,
        upstream: tuple[tf.Tensor, ...],
        weights: Weights,
        real: RealSteps,
        record: Record,
        sequences: bool,
        backwards: bool,
    ) -> tuple[tf.Tensor, ...]:
        """Returns the gradients of projected inputs, first states, kernels and vectors."""
        # XLA would transpose at every step.
        transposed = tuple(tf.transpose(kernel) for kernel in weights.kernels)
        d_hidden, d_last = (upstream[0], upstream[1:]) if sequences else (None, upstream)
        d_states, d_projected, d_products, d_vectors = self.compiled(self._backward_loop, backwards=backwards)(
            d_hidden, d_last, weights._replace(kernels=transposed), real, record
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
        return self.compiled(self._forward_loop, sequences=sequences, recording=recording, backwards=backwards)

    def _forward_loop(
        self,
        projected: tf.Tensor,
        states: tuple[tf.Tensor, ...],
        weights: Weights,
        real: RealSteps,
        *,
        sequences: bool,
        recording: bool,
        backwards: bool,
    ) -> tuple[tf.Tensor | None, tuple[tf.Tensor, ...], Record | None]:
        def fetch(walked: tf.Tensor) -> tuple[tf.Tensor, ...]:
            at = _position(walked, real, backwards=backwards)
            return tuple(xla_slices.read(tensor, at) for tensor in (projected, real.mask) if tensor is not None)

        def body(walked: tf.Tensor, fetched: Any, states: Any, buffers: Any) -> tuple:
            noting = Noting(weights)
            new = self._advance(fetched, states, noting)
            rows = (new[0],) if sequences else ()
            if recording:
                rows += self._row_of_record(fetched[0], states, noting)
            at = _position(walked, real, backwards=backwards)
            buffers = tuple(xla_slices.write(buffer, at, row) for buffer, row in zip(buffers, rows, strict=True))
            return walked + 1, fetch(walked + 1), new, buffers

        widths = [self.cell.units] if sequences else []
        if recording:
            widths += self._widths_of_record(projected, weights)
        buffers = tuple(xla_slices.buffer(projected, width) for width in widths)
        _, _, last, buffers = tf.while_loop(
            lambda walked, *_: walked < real.count, body, (tf.constant(0), fetch(tf.constant(0)), states, buffers)
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

    def _backward_loop(
        self,
        d_hidden: tf.Tensor | None,
        d_last: tuple[tf.Tensor, ...],
        weights: Weights,
        real: RealSteps,
        record: Record,
        *,
        backwards: bool,
    ) -> tuple[tuple[tf.Tensor, ...], tf.Tensor, tuple[tf.Tensor, ...], tuple[tf.Tensor, ...]]:
        def fetch(walked: tf.Tensor) -> Any:
            at = _position(walked, real, backwards=backwards)
            groups = (record.projected, real.mask), record.states, record.products, (d_hidden,)
            return tuple(tuple(xla_slices.read(each, at) for each in group if each is not None) for group in groups)

        def body(walked: tf.Tensor, fetched: Any, d_states: Any, d_vectors: Any, buffers: Any) -> tuple:
            step, states, products, d_output = fetched
            if d_output:
                d_states = (d_states[0] + d_output[0], *d_states[1:])
            d_step, d_states, d_products, d_own = self._differentiate(step, states, products, weights, d_states)
            at = _position(walked, real, backwards=backwards)
            rows = (d_step, *d_products)
            buffers = tuple(xla_slices.write(buffer, at, row) for buffer, row in zip(buffers, rows, strict=True))
            d_vectors = tuple(total + tf.cast(part, total.dtype) for total, part in zip(d_vectors, d_own, strict=True))
            return walked - 1, fetch(walked - 1), d_states, d_vectors, buffers

        widths = [record.projected.shape[-1], *(product.shape[-1] for product in record.products)]
        buffers = tuple(xla_slices.buffer(record.projected, width) for width in widths)
        # Summed over all steps: in half precision, what a step adds is lost once the sum has grown.
        d_vectors = tuple(tf.zeros_like(vector, wide(vector.dtype)) for vector in weights.vectors)
        last = real.count - 1
        _, _, d_states, d_vectors, buffers = tf.while_loop(
            lambda walked, *_: walked >= 0, body, (last, fetch(last), d_last, d_vectors, buffers)
        )
        d_vectors = tuple(
            tf.cast(total, vector.dtype) for total, vector in zip(d_vectors, weights.vectors, strict=True)
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


def _position(walked: tf.Tensor, real: RealSteps, *, backwards: bool) -> tf.Tensor:
    """Returns which step comes after so many that were walked."""
    return real.count - 1 - walked if backwards else walked
