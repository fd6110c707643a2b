"""The base of the cells that have gates."""

from __future__ import annotations

from typing import Any

import keras

from zoo.cells.cell import Cell


class GatedCell(Cell):
    """A cell whose gates have an activation of their own.

    Args:
        units: Width of the states.
        activation: The activation of the candidate.
        recurrent_activation: The activation of the gates.
        **kwargs: As `Cell`.
    """

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", **kwargs: Any
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(units, activation, **kwargs)
        self.recurrent_activation = keras.activations.get(recurrent_activation)

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        activation = keras.activations.serialize(self.recurrent_activation)
        return {**super().get_config(), "recurrent_activation": activation}
