"""What the engine finds out about a cell before it compiles it."""

from __future__ import annotations

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


def is_ours(cell: Cell) -> bool:
    """Whether a cell's class is one of this library's, so that its configuration says all that its step depends on."""
    return type(cell).__module__.startswith("zoo.cells.")


def signature(cell: Cell) -> Hashable:
    """Returns what cells of one equation share: cells that are equal here may share compiled loops.

    What is told apart is the class and its configuration. What the step of a cell from elsewhere depends on nobody
    knows (arguments that `get_config` does not tell, attributes that were set later): it shares with none.
    """
    config = {
        key: value
        for key, value in cell.get_config().items()
        if key not in _WITHOUT_EFFECT and not key.endswith(("_initializer", "_regularizer", "_constraint"))
    }
    config["dtype"] = cell.compute_dtype
    # Two functions of one name are told apart by being themselves.
    functions = tuple(getattr(cell, key) for key in config if callable(getattr(cell, key, None)))
    alone = None if is_ours(cell) else weakref.ref(cell)
    return type(cell), json.dumps(config, sort_keys=True, default=repr), functions, alone


def operands(cell: Cell, columns: int) -> tuple[int | None, ...]:
    """Traces one step of a cell, to see which products it makes.

    Args:
        cell: A built cell.
        columns: Width of `cell.project`'s result.

    Returns:
        For each product with the recurrent kernel, the number of the state that is multiplied, or `None` where the
        operand is made in the step (as r ⊙ h of a GRU that resets before the product).

    Raises:
        NotCompilable: The step reads a variable (or another tensor from outside) itself, asks for a tensor's value,
            returns states of another dtype, or does not make each product of `recurrent_blocks` once.
    """
    recurrent = cell.recurrent_product()
    spy = _Spy(recurrent)

    def step(projected: tf.Tensor, states: Any, kernels: Any, vectors: Any) -> Any:
        spy.enter(states, kernels, vectors)
        return cell.step(projected, states, spy)[1]

    states = tuple(tf.TensorSpec([None, cell.units], cell.compute_dtype) for _ in range(cell.state_count))
    try:
        traced = tf.function(step, autograph=False).get_concrete_function(
            tf.TensorSpec([None, columns], cell.compute_dtype),
            states,
            tuple(tf.TensorSpec(kernel.shape, kernel.dtype) for kernel in recurrent.kernels),
            tuple(tf.TensorSpec(vector.shape, vector.dtype) for vector in recurrent.vectors),
        )
    except tf.errors.OperatorNotAllowedInGraphError as error:
        raise NotCompilable(f"{type(cell).__name__}.step asks for a tensor's value, as `if` and `bool` do") from error
    returned = [state.dtype for state in traced.structured_outputs]
    if returned != [state.dtype for state in states]:
        raise NotCompilable(
            f"{type(cell).__name__}.step takes states of {cell.compute_dtype} and returns "
            f"{', '.join(dtype.name for dtype in returned)}"
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
