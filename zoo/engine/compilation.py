"""What the compiled loops and the compiled scan share: who is traced, what is kept, and the gradient by hand."""

from __future__ import annotations

import functools
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import keras
import tensorflow as tf

from zoo.cells import Cell
from zoo.engine import tapes
from zoo.engine.equation import is_ours

Tensors = tuple[tf.Tensor, ...]

_TRACKERS = {"_tracker", "_trainable_variables", "_non_trainable_variables", "_layers", "_metrics", "_seed_generators"}
Kind = TypeVar("Kind", bound="Compilation")

# A model has a handful of equations, a search over widths one a width. Whoever asks for one that was forgotten compiles
# it once more.
_MOST_EQUATIONS = 256


class Compilation:
    """The functions that XLA compiles for one cell equation.

    Args:
        cell: A cell of this equation. Its weights are neither used nor kept alive.
    """

    def __init__(self, cell: Cell) -> None:
        """Compiles nothing yet: XLA does, when the shapes are known."""
        # Of our own cells, many share this object, which outlives each of them; a cell from elsewhere is alone with it.
        self._cell = _without_weights(cell) if is_ours(cell) else weakref.ref(cell)
        self._functions: dict[Hashable, Callable] = {}

    @property
    def cell(self) -> Cell:
        """Whose step is traced."""
        return self._cell() if isinstance(self._cell, weakref.ref) else self._cell

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
        # while the layer is being traced; to hold a cell there would be to hold it for ever, as TensorFlow does the
        # gradients of custom functions in graphs.
        alive = self.cell if tf.executing_eagerly() else None

        @tf.custom_gradient
        def function(*sources: tf.Tensor) -> tuple[Tensors, Callable]:
            with tapes.stopped():
                results, kept = forward(*sources)

            def gradient(*upstream: tf.Tensor, alive: Cell | None = alive) -> Tensors:
                del alive

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

    def get(self, equation: Hashable, make: Callable[[], Kind]) -> Kind:
        """Returns the compilation of an equation.

        Args:
            equation: What cells of one equation have in common.
            make: Makes the compilation, if there is none.
        """
        with self._lock:
            if equation not in self._kept:
                self._kept[equation] = make()
            self._kept.move_to_end(equation)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
            return self._kept[equation]


def _without_weights(cell: Cell) -> Cell:
    """Returns a cell of the same equation that can take a step with given weights, and holds none itself."""
    bare = object.__new__(type(cell))
    kept = {name: value for name, value in vars(cell).items() if not _holds_weights(name, value)}
    vars(bare).update(kept)
    return bare


def _holds_weights(name: str, value: Any) -> bool:
    """Whether an attribute of a Keras layer is a weight, or what keeps track of weights."""
    return isinstance(value, keras.Variable) or name in _TRACKERS or hasattr(value, "tracker")


def _refuse(*_: tf.Tensor) -> None:
    raise LookupError("second derivatives of a recurrent layer need `fast=False`")
