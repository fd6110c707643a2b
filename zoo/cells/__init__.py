"""One step of recurrence each: the equation and nothing else.

Every cell follows the protocol of `Cell` and works inside `zoo.layers.Recurrent` and `keras.layers.RNN` alike.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import partial
from typing import Any

from zoo.cells.cell import Cell
from zoo.cells.elman_cell import ElmanCell
from zoo.cells.gated_cell import GatedCell
from zoo.cells.gru_cell import GRUCell
from zoo.cells.layer_norm_lstm_cell import LayerNormLSTMCell
from zoo.cells.lstm_cell import LSTMCell
from zoo.cells.min_gru_cell import MinGRUCell
from zoo.cells.min_lstm_cell import MinLSTMCell
from zoo.cells.parallel_cell import ParallelCell, positive
from zoo.cells.peephole_lstm_cell import PeepholeLSTMCell
from zoo.cells.recurrent_product import RecurrentProduct
from zoo.cells.simplified_gru_cell import SimplifiedGRUCell

__all__ = [
    "Cell",
    "ElmanCell",
    "GRUCell",
    "GatedCell",
    "LSTMCell",
    "LayerNormLSTMCell",
    "MinGRUCell",
    "MinLSTMCell",
    "ParallelCell",
    "PeepholeLSTMCell",
    "RecurrentProduct",
    "SimplifiedGRUCell",
    "get",
    "names",
    "positive",
]

# A cell added here is a cell of every recipe, and gets the checks of tests/conformance.
_CELLS: dict[str, Callable[..., Cell]] = {
    "elman": ElmanCell,
    "irnn": partial(ElmanCell, activation="relu", recurrent_initializer="identity"),
    "min_gru": MinGRUCell,
    "min_lstm": MinLSTMCell,
    "simplified_gru": SimplifiedGRUCell,
    "gru": GRUCell,
    "lstm": LSTMCell,
    "peephole_lstm": PeepholeLSTMCell,
    "layer_norm_lstm": LayerNormLSTMCell,
}


def names() -> tuple[str, ...]:
    """Returns the names that `get` knows, from the simplest cell to the richest."""
    return tuple(_CELLS)


def get(name: str, units: int, **kwargs: Any) -> Cell:
    """Makes a cell by name.

    Args:
        name: One of `names()`.
        units: Width of its states.
        **kwargs: Further arguments of the cell's class.

    Returns:
        A new cell, not yet built.

    Raises:
        ValueError: An unknown name; the message says which is nearest.
    """
    if name not in _CELLS:
        nearest = difflib.get_close_matches(name, _CELLS, n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
        raise ValueError(f"unknown cell {name!r}{hint} Known cells: {', '.join(_CELLS)}")
    return _CELLS[name](units, **kwargs)
