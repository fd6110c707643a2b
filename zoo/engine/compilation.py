"""What the compiled loops and the compiled scan share: who is traced, what is kept, and the gradient by hand."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Hashable
from typing import Any

import tensorflow as tf

from zoo.cells import Cell
from zoo.engine import tapes

Tensors = tuple[tf.Tensor, ...]


class Compilation:
    """The functions that XLA compiles for one cell equation, traced from whichever cell of it asks.

    Args:
        cell: A cell of this equation.
    """

    def __init__(self, cell: Cell) -> None:
        """Compiles nothing yet: XLA does, when the shapes are known."""
        self.serve(cell)
        self._functions: dict[Hashable, Callable] = {}

    def serve(self, cell: Cell) -> None:
        """Takes the step to trace from this cell, if one must be traced; none of its weights is used, or kept alive."""
        self._cell = weakref.ref(cell)

    @property
    def cell(self) -> Cell:
        """The cell that was served last."""
        return self._cell()

    def compiled(self, function: Callable, **options: bool) -> Callable:
        """Returns a method of this object with its options filled in, as a function that XLA compiles once a shape."""
        key = (function.__name__, *options.values())
        if key not in self._functions:
            self._functions[key] = tf.function(
                functools.partial(function, **options), jit_compile=True, autograph=False, reduce_retracing=True
            )
        return self._functions[key]

    def differentiable(
        self, forward: Callable[..., tuple[Tensors, Any]], backward: Callable[..., Tensors]
    ) -> Callable[..., Tensors]:
        """Makes a function of tensors out of its forward and its backward pass; it has first derivatives only.

        Args:
            forward: Takes the sources; returns the results, and what `backward` is to know of the computation.
            backward: Takes the gradients of the results, what `forward` kept, and the sources; returns the gradients of
                the sources.

        Returns:
            The function, from sources to results. A second derivative raises `LookupError`.
        """
        # A tape may outlive the layer, and the backward pass is traced when a gradient is asked for. In a graph that is
        # while the layer is being traced; to hold the cell there would be to hold it for ever, as TensorFlow does the
        # gradients of custom functions in graphs.
        cell = self.cell if tf.executing_eagerly() else None

        @tf.custom_gradient
        def function(*sources: tf.Tensor) -> tuple[Tensors, Callable]:
            with tapes.stopped():
                results, kept = forward(*sources)

            def gradient(*upstream: tf.Tensor) -> Tensors:
                if cell is not None:
                    self.serve(cell)

                @tf.custom_gradient
                def once(upstream: Tensors, *watched: tf.Tensor) -> tuple[Tensors, Callable]:
                    del watched  # they are here so that a second derivative by them comes by, and is refused
                    with tapes.stopped():
                        return backward(upstream, kept, *sources), _refuse

                return once(upstream, *sources)

            return results, gradient

        return function


def _refuse(*_: tf.Tensor) -> None:
    raise LookupError("second derivatives of a recurrent layer need `fast=False`")
