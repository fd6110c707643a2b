"""What the engine finds out about a cell before it compiles it."""

from __future__ import annotations

import inspect
import json
import weakref
from collections.abc import Hashable
from typing import Any

import tensorflow as tf

from zoo.cells import Cell, RecurrentProduct

# What a cell's constructor takes and its step does not depend on.
_WITHOUT_EFFECT = ("name", "trainable", "seed", "dropout", "recurrent_dropout", "output_units", "output_activation")


class NotCompilable(ValueError):
    """A cell's step does what the compiled loop cannot differentiate; the message says what."""


def signature(cell: Cell) -> Hashable:
    """Returns what cells of one equation share: cells that are equal here may share compiled loops.

    What is told apart is the class and its configuration. A cell that keeps an argument of its constructor from
    `get_config` shares with none.
    """
    told = cell.get_config()
    config = {
        key: value
        for key, value in told.items()
        if key not in _WITHOUT_EFFECT and not key.endswith(("_initializer", "_regularizer", "_constraint"))
    }
    config["dtype"] = cell.compute_dtype
    # Two functions of one name are told apart by being themselves.
    functions = tuple(getattr(cell, key) for key in config if callable(getattr(cell, key, None)))
    alone = None if _arguments(type(cell)) <= told.keys() else weakref.ref(cell)
    return type(cell), json.dumps(config, sort_keys=True, default=repr), functions, alone


def _arguments(cell_class: type[Cell]) -> set[str]:
    parameters = inspect.signature(cell_class.__init__).parameters.values()
    any_number = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {parameter.name for parameter in parameters if parameter.kind not in any_number} - {"self"}


def operands(cell: Cell, columns: int) -> tuple[int | None, ...]:
    """Traces one step of a cell, to see which products it makes.

    Args:
        cell: A built cell.
        columns: Width of `cell.project`'s result.

    Returns:
        For each product with the recurrent kernel, the number of the state that is multiplied, or `None` where the
        operand is made in the step (as r ⊙ h of a GRU that resets before the product).

    Raises:
        NotCompilable: The step reads a variable (or another tensor from outside) itself, or does not make each product
            of `recurrent_blocks` once.
    """
    recurrent = cell.recurrent_product()
    spy = _Spy(recurrent)

    def step(projected: tf.Tensor, states: Any, kernels: Any, vectors: Any) -> Any:
        spy.enter(states, kernels, vectors)
        return cell.step(projected, states, spy)[1]

    traced = tf.function(step, autograph=False).get_concrete_function(
        tf.TensorSpec([None, columns], cell.compute_dtype),
        tuple(tf.TensorSpec([None, cell.units], cell.compute_dtype) for _ in range(cell.state_count)),
        tuple(tf.TensorSpec(kernel.shape, kernel.dtype) for kernel in recurrent.kernels),
        tuple(tf.TensorSpec(vector.shape, vector.dtype) for vector in recurrent.vectors),
    )
    if traced.captured_inputs:
        raise NotCompilable(
            f"{type(cell).__name__}.step reads a variable itself (or a tensor that is none of its arguments); hand it "
            "over in `recurrent_vectors` instead"
        )
    if sorted(spy.operands) != list(range(len(recurrent.kernels))):
        raise NotCompilable(f"{type(cell).__name__}.step does not make each of its recurrent products exactly once")
    return tuple(spy.operands[product] for product in range(len(recurrent.kernels)))


class _Spy(RecurrentProduct):
    """Notes which state enters which product."""

    def __init__(self, recurrent: RecurrentProduct) -> None:
        super().__init__(recurrent.kernels, recurrent.vectors)
        self.operands: dict[int, int | None] = {}

    def enter(self, states: tuple[tf.Tensor, ...], kernels: Any, vectors: Any) -> None:
        self._states, self.kernels, self.vectors = states, kernels, vectors

    def __call__(self, state: tf.Tensor, product: int = 0) -> tf.Tensor:
        if product in self.operands:
            raise NotCompilable(f"a step makes recurrent product {product} twice")
        self.operands[product] = next((i for i, given in enumerate(self._states) if given is state), None)
        return super().__call__(state, product)
