"""One layer for every cell, with the arguments, weights and numbers of Keras' layers where Keras has one."""

from __future__ import annotations

from typing import Any, ClassVar

import keras

from zoo.cells import (
    Cell,
    ElmanCell,
    GRUCell,
    LayerNormLSTMCell,
    LSTMCell,
    MinGRUCell,
    MinLSTMCell,
    PeepholeLSTMCell,
    SimplifiedGRUCell,
)
from zoo.layers.recurrent import Recurrent


class CellLayer(Recurrent):
    """A `Recurrent` that makes its cell from its own arguments.

    Args:
        units: Width of the states.
        activation: The cell's activation.
        return_sequences: As `Recurrent`.
        return_state: As `Recurrent`.
        go_backwards: As `Recurrent`.
        stateful: As `Recurrent`.
        unroll: As `Recurrent`.
        zero_output_for_mask: As `Recurrent`.
        fast: As `Recurrent`.
        activity_regularizer: Regularizer of the output.
        name: Name of the layer.
        dtype: Precision of the layer and its cell.
        trainable: Whether the weights are trained.
        use_cudnn: "auto" takes cuDNN on a GPU wherever it can run the cell; False never does.
        implementation: Taken because Keras' layers take it; without effect.
        **cell_arguments: Everything else goes to the cell.

    Raises:
        ValueError: `use_cudnn=True`, or an argument that the cell does not know.
    """

    cell_class: ClassVar[type[Cell]]

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        fast: bool = True,
        activity_regularizer: Any = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        use_cudnn: bool | str = "auto",
        implementation: int = 2,
        **cell_arguments: Any,
    ) -> None:
        """Makes the cell and hands the rest to `Recurrent`."""
        del implementation
        if use_cudnn not in ("auto", False):
            raise ValueError(
                f"`use_cudnn` must be 'auto' or False, got {use_cudnn!r}; 'auto' takes cuDNN wherever it can be"
            )
        cell = self.cell_class(
            units, activation, dtype=dtype, trainable=trainable, name=self.cell_class.__name__.lower(), **cell_arguments
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            fast=fast,
            activity_regularizer=activity_regularizer,
            name=name,
            dtype=dtype,
            trainable=trainable,
        )
        self.input_spec = keras.layers.InputSpec(ndim=3)
        self.use_cudnn = use_cudnn

    @property
    def units(self) -> int:
        """Width of the states."""
        return self.cell.units

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, the cell's among them, serialised."""
        layer = super().get_config()
        del layer["cell"]
        layer["activity_regularizer"] = keras.regularizers.serialize(self.activity_regularizer)
        if self.use_cudnn is False:
            layer["use_cudnn"] = False
        return {**self.cell.get_config(), **layer}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> CellLayer:
        """Makes the layer that `get_config` describes."""
        del custom_objects  # Keras opens a scope with them around this call
        return cls(**config)


@keras.saving.register_keras_serializable(package="zoo")
class Elman(CellLayer):
    """`ElmanCell` over time: `keras.layers.SimpleRNN`, argument for argument and number for number. See `CellLayer`."""

    cell_class = ElmanCell


# The name that Keras has for it.
SimpleRNN = Elman


@keras.saving.register_keras_serializable(package="zoo")
class SimplifiedGRU(CellLayer):
    """`SimplifiedGRUCell` over time. See `CellLayer` and the cell for the arguments."""

    cell_class = SimplifiedGRUCell


@keras.saving.register_keras_serializable(package="zoo")
class GRU(CellLayer):
    """`GRUCell` over time: `keras.layers.GRU`, argument for argument and number for number. See `CellLayer`."""

    cell_class = GRUCell


@keras.saving.register_keras_serializable(package="zoo")
class LSTM(CellLayer):
    """`LSTMCell` over time: `keras.layers.LSTM`, argument for argument and number for number. See `CellLayer`."""

    cell_class = LSTMCell


@keras.saving.register_keras_serializable(package="zoo")
class PeepholeLSTM(CellLayer):
    """`PeepholeLSTMCell` over time. See `CellLayer` and the cell for the arguments."""

    cell_class = PeepholeLSTMCell


@keras.saving.register_keras_serializable(package="zoo")
class LayerNormLSTM(CellLayer):
    """`LayerNormLSTMCell` over time. See `CellLayer` and the cell for the arguments."""

    cell_class = LayerNormLSTMCell


class ParallelCellLayer(CellLayer):
    """A `CellLayer` of a `zoo.cells.ParallelCell`, whose activation is linear unless it is given."""

    def __init__(self, units: int, activation: Any = "linear", **kwargs: Any) -> None:
        """As `CellLayer`."""
        super().__init__(units, activation, **kwargs)


@keras.saving.register_keras_serializable(package="zoo")
class MinGRU(ParallelCellLayer):
    """`MinGRUCell` over time. See `ParallelCellLayer` and the cell for the arguments."""

    cell_class = MinGRUCell


@keras.saving.register_keras_serializable(package="zoo")
class MinLSTM(ParallelCellLayer):
    """`MinLSTMCell` over time. See `ParallelCellLayer` and the cell for the arguments."""

    cell_class = MinLSTMCell
