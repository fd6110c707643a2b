"""What the compiled loops and the compiled scan share: who is traced, what is kept, and the gradient by hand."""

from __future__ import annotations

import functools
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import tensorflow as tf

from zoo.cells import Cell
from zoo.engine import tapes

Tensors = tuple[tf.Tensor, ...]
Kind = TypeVar("Kind", bound="Compilation")

# A model has a handful of equations, a search over widths one a width. Whoever asks for one that was forgotten compiles
# it once more.
_MOST_EQUATIONS = 256


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


class CompilationCache(Generic[Kind]):
    """The compilations of the equations that were asked for last; the least recently used is forgotten first.

    What is forgotten goes on working where it is part of a graph.

    Args:
        most: How many to remember.
    """

    def __init__(self, most: int = _MOST_EQUATIONS) -> None:
        """Remembers none yet."""
        self.most = most
        self._kept: OrderedDict[Hashable, Kind] = OrderedDict()
        self._lock = threading.RLock()

    def __len__(self) -> int:
        """Returns how many are remembered."""
        return len(self._kept)

    def get(self, equation: Hashable, cell: Cell, make: Callable[[], Kind]) -> Kind:
        """Returns the compilation of an equation, which serves a cell of it from now on.

        Args:
            equation: What cells of one equation have in common.
            cell: A cell of it. Any will do for tracing, and the one that asks is alive.
            make: Makes the compilation, if there is none.
        """
        with self._lock:
            if equation not in self._kept:
                self._kept[equation] = make()
            self._kept.move_to_end(equation)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
            compilation = self._kept[equation]
        compilation.serve(cell)
        return compilation


def _refuse(*_: tf.Tensor) -> None:
    raise LookupError("second derivatives of a recurrent layer need `fast=False`")
