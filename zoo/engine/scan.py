"""The compiled loop for cells whose recurrence is linear in their state: no product, only memory to walk through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.cells import ParallelCell
from zoo.engine.compilation import Compilation, CompilationCache
from zoo.engine.equation import signature
from zoo.engine.loops import RealSteps
from zoo.engine.products import Weights
from zoo.engine.xla_slices import buffer, read_slab, write_slab

# So many steps are one slab: read at once, walked in registers, written at once. A step does too little work to pay
# for an iteration of its own, and this is all the parallelism over time that a CPU can use: with the gates computed on
# the fly the walk takes three times as long as copying the tensors. The textbook scans (Hillis & Steele, Blelloch) make
# log2(time) passes over memory instead of one. With 16 steps XLA's fused kernels repeat too much of each other's work.
_SLAB = 8

_SCANS: CompilationCache[Scan] = CompilationCache()


def scan_of(cell: ParallelCell) -> Scan:
    """Returns the compiled scan of a cell's equation; cells of one equation share it."""
    return _SCANS.get(signature(cell), lambda: Scan(cell))


class Scan(Compilation):
    """Makes h_t = decay_t ⊙ h_{t-1} + addition_t for all t, with the decays and additions computed on the way.

    No logarithms: a step scales by a decay in [0, 1] and adds, so rounding errors decay with the state and nothing can
    overflow. The log-space form of Feng et al. (2024, https://arxiv.org/abs/2410.01201) is for scans that divide by
    products of decays; its own sums of logarithms lose more digits the longer the sequence is.

    The gradient is a scan too, the other way: with g_t what arrives at h_t,

        λ_t = g_t + decay_{t+1} ⊙ λ_{t+1},    daddition_t = λ_t,    ddecay_t = λ_t ⊙ h_{t-1},

    from which TensorFlow differentiates the cell's `recurrence`, a slab at a time. Of the forward pass only the states
    h are kept.

    Args:
        cell: A cell of this equation.
    """

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
            projected: `[batch, time, columns]`, of `cell.project`; its precision is that of the scan.
            states: The first state, `[batch, units]`; its precision is that of the result.
            weights: None; `Loops.run` has some.
            real: Which steps are real.
            sequences: Keep every step's h.
            recording: Keep what the gradient needs.
            backwards: Walk from the last step to the first.

        Returns:
            The state h after each step, in the order of time, `[batch, time, units]` (undefined beyond `real.count`),
            or `None` without `sequences`; and the last state.
        """
        del weights

        def forward(projected: tf.Tensor, first: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], tf.Tensor | None]:
            hidden, last = self._forward(sequences or recording, backwards)(projected, first, real)
            return ((hidden, last) if sequences else (last,)), hidden

        def backward(
            upstream: tuple[tf.Tensor, ...], hidden: tf.Tensor | None, projected: tf.Tensor, first: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            if hidden is None:  # nobody had said that a gradient would be wanted
                hidden, _ = self._forward(True, backwards)(projected, first, real)
            d_hidden = upstream[0] if sequences else None
            scan_back = self.compiled(self._backward_scan, backwards=backwards)
            return scan_back(projected, first, real, hidden, d_hidden, upstream[-1])

        (first,) = states
        results = self.differentiable(forward, backward)(projected, tf.cast(first, projected.dtype))
        *hidden, last = (tf.cast(result, first.dtype) for result in results)
        return (hidden[0] if sequences else None), (last,)

    def _forward(self, sequences: bool, backwards: bool) -> Callable:
        return self.compiled(self._forward_scan, sequences=sequences, backwards=backwards)

    def _forward_scan(
        self, projected: tf.Tensor, first: tf.Tensor, real: RealSteps, *, sequences: bool, backwards: bool
    ) -> tuple[tf.Tensor | None, tf.Tensor]:
        time = tf.shape(projected)[1]
        projected, mask = _whole_slabs(projected), _whole_slabs(real.mask)
        at, onwards, inside = _order(real.count, backwards=backwards)

        def fetch(at: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # Computed one slab ahead and carried by the loop: written where it is used, XLA would compute the gates of
            # a step once more for every later step of the slab.
            return self._coefficients(
                read_slab(projected, at, _SLAB), None if mask is None else read_slab(mask, at, _SLAB), at, real.count
            )

        def body(at: tf.Tensor, fetched: Any, h: tf.Tensor, buffers: tuple[tf.Tensor, ...]) -> tuple:
            decay, addition = fetched
            rows: list[Any] = [None] * _SLAB
            for i in inside:
                h = rows[i] = decay[:, i] * h + addition[:, i]
            buffers = tuple(write_slab(each, at, tf.stack(rows, axis=1)) for each in buffers)
            return at + onwards, fetch(at + onwards), h, buffers

        buffers = (buffer(projected, first.shape[-1]),) if sequences else ()
        _, _, last, buffers = tf.while_loop(_unfinished(real.count), body, (at, fetch(at), first, buffers))
        return (buffers[0][:, :time] if sequences else None), last

    def _backward_scan(
        self,
        projected: tf.Tensor,
        first: tf.Tensor,
        real: RealSteps,
        hidden: tf.Tensor,
        d_hidden: tf.Tensor | None,
        d_last: tf.Tensor,
        *,
        backwards: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        time = tf.shape(projected)[1]
        projected, mask, hidden, d_hidden = map(_whole_slabs, (projected, real.mask, hidden, d_hidden))
        # The slabs and their steps in the opposite order.
        at, onwards, inside = _order(real.count, backwards=not backwards)

        def fetch(at: tf.Tensor) -> tuple:
            before = _slab_before(hidden, first, at, real.count, backwards=backwards)
            # A loop carries no `None`.
            optional = tuple(() if part is None else (read_slab(part, at, _SLAB),) for part in (mask, d_hidden))
            return read_slab(projected, at, _SLAB), before, optional

        def body(at: tf.Tensor, fetched: tuple, d_h: tf.Tensor, d_projected: tf.Tensor) -> tuple:
            projected, before, optional = fetched
            mask, d_hidden = (part[0] if part else None for part in optional)
            decay, addition = self._coefficients(projected, mask, at, real.count)
            rows: list[Any] = [None] * _SLAB
            for i in inside:
                rows[i] = d_h if d_hidden is None else d_h + d_hidden[:, i]
                d_h = decay[:, i] * rows[i]
            d_addition = tf.stack(rows, axis=1)
            # `tf.gradients` and not a tape: all tapes stand still while this is traced.
            (d_slab,) = tf.gradients([decay, addition], projected, [d_addition * before, d_addition])
            return at + onwards, fetch(at + onwards), d_h, write_slab(d_projected, at, d_slab)

        start = (at, fetch(at), d_last, buffer(projected, projected.shape[-1]))
        _, _, d_first, d_projected = tf.while_loop(_unfinished(real.count), body, start)
        return d_projected[:, :time], d_first

    def _coefficients(
        self, projected: tf.Tensor, mask: tf.Tensor | None, at: tf.Tensor, steps: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns decay and addition of a slab, 1 and 0 where there is no real step."""
        decay, addition = self.cell.recurrence(projected)
        real = (at + tf.range(_SLAB) < steps)[:, tf.newaxis]
        if mask is not None:
            real = real & mask
        return tf.where(real, decay, tf.ones([], decay.dtype)), tf.where(real, addition, tf.zeros([], addition.dtype))


def _slab_before(hidden: tf.Tensor, first: tf.Tensor, at: tf.Tensor, steps: tf.Tensor, *, backwards: bool) -> tf.Tensor:
    """Returns the states that the steps of a slab began with, `[batch, slab, units]`."""
    neighbour = _SLAB if backwards else -1  # of the slab's first step, the step that was walked before its earliest
    after, beside = read_slab(hidden, at, _SLAB), read_slab(hidden, at + neighbour, 1)
    before = tf.concat([after[:, 1:], beside] if backwards else [beside, after[:, :-1]], axis=1)
    walked = at + tf.range(_SLAB) + (1 if backwards else -1)
    outside = (walked < 0) | (walked >= steps)  # a slab may reach beyond the walk
    return tf.where(outside[:, tf.newaxis], first[:, tf.newaxis], before)


def _order(steps: tf.Tensor, *, backwards: bool) -> tuple[tf.Tensor, int, range]:
    """Returns the first step of the slab to begin with, the way to the next, and the order inside a slab."""
    if backwards:
        return (tf.maximum(steps, 1) - 1) // _SLAB * _SLAB, -_SLAB, range(_SLAB)[::-1]
    return tf.constant(0), _SLAB, range(_SLAB)


def _unfinished(steps: tf.Tensor) -> Callable:
    return lambda at, *_: (at >= 0) & (at < steps)


def _whole_slabs(tensor: tf.Tensor | None) -> tf.Tensor | None:
    """Pads `[batch, time, width]` to whole slabs, at least one; XLA drops a padding by nothing."""
    if tensor is None or (tensor.shape[1] and tensor.shape[1] % _SLAB == 0):
        return tensor
    time = tf.shape(tensor)[1]
    return tf.pad(tensor, [[0, 0], [0, tf.maximum(-(-time // _SLAB), 1) * _SLAB - time], [0, 0]])
