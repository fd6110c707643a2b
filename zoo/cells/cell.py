"""The base of every cell: its weights, its dropout, and the three parts that a loop needs apart."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import tensorflow as tf

# Not exported by Keras, yet `keras.layers.RNN` asks `isinstance` of it before it draws one dropout mask for all steps.
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from zoo.cells.recurrent_product import RecurrentProduct

_WEIGHT_ROLES = ("kernel", "recurrent", "bias")


class Cell(keras.layers.Layer, DropoutRNNCell):
    """One step of recurrence, split where a fast loop needs it.

    A subclass says how many blocks of `units` columns its kernels have (`gates`) and writes `step`. The parts are:

    - `project(x)`: what does not depend on time, the product with the kernel plus the bias. A loop does it for all
      steps at once.
    - `step(projected, states, recurrent)`: the recurrence. Every product of a state with a recurrent weight goes
      through `recurrent` (see `RecurrentProduct`).
    - `read_out(h)`: the optional output projection `o_t = g(h_t W + b)`, which nothing feeds back; a loop does it for
      all steps at once, afterwards.

    `call(inputs, states)` is the three in a row, so a cell also works inside `keras.layers.RNN`.

    Class attributes:
        gates: Blocks of `units` columns in `kernel` and `recurrent_kernel`.
        recurrent_blocks: For each product in a step, the half-open range of gates whose columns it multiplies by. The
            default is one product with the whole recurrent kernel.
        state_count: How many states `[batch, units]` the cell carries; the first is its output h.
        adds_product: Says that all that becomes of product 0, which must be of the first state h, is that it is added
            to as many first columns of `projected`, of which nothing else becomes either. Both then have the same
            gradient, and a loop gets the recurrent kernel's from the input's. False is always right, only slower.

    Args:
        units: Width of the states, at least 1.
        activation: The activation of the candidate and, where the equation has one, of the output.
        use_bias: Whether there are biases.
        kernel_initializer: Initializer of `kernel` (and of the output projection's).
        recurrent_initializer: Initializer of `recurrent_kernel`.
        bias_initializer: Initializer of `bias` (and of the output projection's).
        kernel_regularizer: Regularizer of `kernel` (and of the output projection's).
        recurrent_regularizer: Regularizer of `recurrent_kernel`.
        bias_regularizer: Regularizer of `bias` (and of the output projection's).
        kernel_constraint: Constraint on `kernel` (and on the output projection's).
        recurrent_constraint: Constraint on `recurrent_kernel`.
        bias_constraint: Constraint on `bias` (and on the output projection's).
        dropout: Rate in [0, 1) at which entries of the input are dropped. One mask serves all steps of a sequence
            (Gal & Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks").
        recurrent_dropout: Rate in [0, 1) at which entries of h are dropped before its product with the recurrent
            kernel; one mask for all steps and all gates.
        seed: Seed of the dropout masks.
        output_units: Width of the output projection; `None` means that the output is h itself.
        output_activation: The g of the output projection; linear by default.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: A width below 1 or a rate outside [0, 1).
    """

    gates: ClassVar[int]
    state_count: ClassVar[int] = 1
    adds_product: ClassVar[bool] = False

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        output_units: int | None = None,
        output_activation: Any = None,
        **kwargs: Any,
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(**kwargs)
        self._check(units=units, output_units=output_units, dropout=dropout, recurrent_dropout=recurrent_dropout)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = keras.regularizers.get(recurrent_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.recurrent_constraint = keras.constraints.get(recurrent_constraint)
        self.bias_constraint = keras.constraints.get(bias_constraint)
        self.dropout = float(dropout)
        self.recurrent_dropout = float(recurrent_dropout)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.output_units = output_units
        self.output_activation = keras.activations.get(output_activation)
        # Keras' convention: an integer for one state, a list for several.
        self.state_size = units if self.state_count == 1 else [units] * self.state_count
        self.output_size = output_units or units

    @staticmethod
    def _check(**arguments: Any) -> None:
        for name, value in arguments.items():
            if name.endswith("units") and value is not None and value < 1:
                raise ValueError(f"`{name}` must be a positive integer, got {value}")
            if name.endswith("dropout") and not 0 <= value < 1:
                raise ValueError(f"`{name}` must be a rate in [0, 1), got {value}")

    @property
    def recurrent_blocks(self) -> tuple[tuple[int, int], ...]:
        """The range of gates of each product with the recurrent kernel, in the order of `step`'s product numbers."""
        return ((0, self.gates),)

    @property
    def recurrent_vectors(self) -> list[tf.Tensor]:
        """Trained vectors `[width]` that `step` uses besides the recurrent kernel, read and cast; most cells have none.

        `step` gets them from `recurrent.vector` or `recurrent.diagonal`, never from a variable: a loop differentiates
        by what passes through `recurrent`.
        """
        return []

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """Shape of the variable `bias`."""
        return (self.gates * self.units,)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights in Keras' order: `kernel`, `recurrent_kernel`, `bias`, then the output projection's.

        Args:
            input_shape: `(batch, input)`; the last dimension must be known.
        """
        columns = self.gates * self.units
        self.kernel = self._add("kernel", (input_shape[-1], columns), role="kernel")
        self.recurrent_kernel = self._add("recurrent_kernel", (self.units, columns), role="recurrent")
        self.bias = self._add("bias", self.bias_shape, role="bias") if self.use_bias else None
        self._build_output()

    def _build_output(self) -> None:
        self.output_kernel = self.output_bias = None
        if self.output_units is not None:
            self.output_kernel = self._add("output_kernel", (self.units, self.output_units), role="kernel")
            if self.use_bias:
                self.output_bias = self._add("output_bias", (self.output_units,), role="bias")

    def _add(self, name: str, shape: tuple[int, ...], *, role: str, initializer: Any = None) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer or self._initializer_of(name, role),
            regularizer=getattr(self, f"{role}_regularizer"),
            constraint=getattr(self, f"{role}_constraint"),
        )

    def _initializer_of(self, name: str, role: str) -> Any:
        del name  # a subclass may treat one variable apart
        return getattr(self, f"{role}_initializer")

    def _read(self, variable: keras.Variable) -> tf.Tensor:
        # The caller may be a layer of another precision, so the variable is cast to the cell's own.
        return tf.cast(tf.convert_to_tensor(variable), self.compute_dtype)

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """Multiplies the input by the kernel and adds the bias.

        Args:
            inputs: `[..., input]`: one step `[batch, input]`, or all steps with time before or after the batch.

        Returns:
            `[..., columns]`; there are `gates * units` columns, unless the cell says otherwise.
        """
        return _affine(inputs, *self._projection())

    def _projection(self) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Returns the matrix and the bias of `project`, read and cast."""
        return self._read(self.kernel), self._read(self.bias) if self.use_bias else None

    def recurrent_product(self, dropout_mask: tf.Tensor | None = None) -> RecurrentProduct:
        """Reads the recurrent weights, to be called once before a loop.

        Args:
            dropout_mask: `[batch, units]` for h, or `None`.

        Returns:
            What to hand to `step`.
        """
        kernel = self._read(self.recurrent_kernel)
        columns = [slice(first * self.units, last * self.units) for first, last in self.recurrent_blocks]
        return RecurrentProduct(
            # The usual single product takes the kernel as it is.
            kernels=[kernel] if len(columns) == 1 else [kernel[:, block] for block in columns],
            vectors=self.recurrent_vectors,
            dropout_mask=dropout_mask,
        )

    def step(
        self, projected: tf.Tensor, states: tuple[tf.Tensor, ...], recurrent: RecurrentProduct
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """One step of the recurrence; every cell writes its own.

        Args:
            projected: `[batch, columns]`, one step of `project`'s result.
            states: `state_count` tensors `[batch, units]`.
            recurrent: Makes the products with the recurrent weights.

        Returns:
            The output h `[batch, units]` and the new states.
        """
        raise TypeError(f"{type(self).__name__} does not define `step(projected, states, recurrent)`")

    def read_out(self, outputs: tf.Tensor) -> tf.Tensor:
        """Applies the output projection g(h W + b); without one, returns `outputs` as they are.

        Args:
            outputs: `[..., units]`.

        Returns:
            `[..., output_size]`.
        """
        if self.output_kernel is None:
            return outputs
        bias = None if self.output_bias is None else self._read(self.output_bias)
        return self.output_activation(_affine(outputs, self._read(self.output_kernel), bias))

    def call(self, inputs: tf.Tensor, states: Any, training: bool = False) -> tuple[tf.Tensor, Any]:
        """One whole step: `project`, `step`, `read_out`.

        Args:
            inputs: `[batch, input]`.
            states: The states `[batch, units]` as a list, or the bare tensor of a cell with one state.
            training: Whether dropout is active.

        Returns:
            The output `[batch, output_size]` and the new states, structured as they came in.
        """
        nested = isinstance(states, (list, tuple))
        states = tuple(states) if nested else (states,)
        recurrent_mask = None
        # Keras' masks are cached by `keras.layers.RNN` until the sequence ends.
        if training and self.dropout:
            inputs = inputs * self.get_dropout_mask(inputs)
        if training and self.recurrent_dropout:
            recurrent_mask = self.get_recurrent_dropout_mask(states[0])
        output, new_states = self.step(self.project(inputs), states, self.recurrent_product(recurrent_mask))
        return self.read_out(output), list(new_states) if nested else new_states[0]

    def get_initial_state(self, batch_size: Any = None) -> list[tf.Tensor]:
        """Zeros `[batch_size, units]`, as many as the cell has states."""
        return [keras.ops.zeros((batch_size, self.units), dtype=self.compute_dtype) for _ in range(self.state_count)]

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        config = {
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
            "output_units": self.output_units,
            "output_activation": keras.activations.serialize(self.output_activation),
        }
        for role in _WEIGHT_ROLES:
            config[f"{role}_initializer"] = keras.initializers.serialize(getattr(self, f"{role}_initializer"))
            config[f"{role}_regularizer"] = keras.regularizers.serialize(getattr(self, f"{role}_regularizer"))
            config[f"{role}_constraint"] = keras.constraints.serialize(getattr(self, f"{role}_constraint"))
        return {**super().get_config(), **config}


def _affine(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | None) -> tf.Tensor:
    """Returns `x @ kernel + bias` over the last axis, as one matrix product whatever the rank of `x`."""
    # A product of rank 3 by rank 2 would become a batched one, which is slower, above all in the gradient.
    flat = x if x.shape.rank == 2 else tf.reshape(x, [-1, kernel.shape[0]])
    result = tf.matmul(flat, kernel)
    if bias is not None:
        result = tf.nn.bias_add(result, bias)
    if flat is x:
        return result
    result = tf.reshape(result, tf.concat([tf.shape(x)[:-1], [kernel.shape[1]]], axis=0))
    return tf.ensure_shape(result, [*x.shape[:-1], kernel.shape[1]])
