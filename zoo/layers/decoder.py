"""The recurrent decoder: tokens in, logits of the next token out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo.cells import Cell
from zoo.layers import reinjection
from zoo.layers.decoder_step import DecoderStep
from zoo.layers.deep import Deep
from zoo.layers.recurrent import Recurrent, is_cell

States = list[tf.Tensor]


@keras.saving.register_keras_serializable(package="zoo")
class Decoder(keras.layers.Layer):
    """A language model that starts from given states: the shared half of everything that writes text.

        v_t = [e(y_{t-1}); context]
        h_t = recurrence(v_t, h_{t-1})
        P(y_t | y_1 .. y_{t-1}) = softmax(h_t W + b)
        W = P Eᵀ with `tied`, where E are the embeddings

    What is decoded is said by the first states (see `zoo.layers.bridge`), by `context`, or by both. Training runs over
    whole sequences by the engine: `call` (teacher forcing) and `forced` (re-injection of its own choices). Decoding
    takes one step at a time, with the same numbers: `step`, or `stepper` in a loop. Dropout lies between the layers,
    never within the recurrence: on the embeddings, on what goes from layer to layer, and on the last layer's output.

    Sutskever, Vinyals & Le 2014, "Sequence to Sequence Learning with Neural Networks"; Cho et al. 2014, "Learning
    Phrase Representations using RNN Encoder-Decoder", for the context at every step; Press & Wolf 2017, "Using the
    Output Embedding to Improve Language Models", for tied embeddings; Zaremba, Sutskever & Vinyals 2014, "Recurrent
    Neural Network Regularization", for dropout.

    Call arguments:
        tokens: int `[batch, time]`: the token before each one that is to be predicted, so a begin token comes first.
        states: The first states, each `[batch, units]`, the lowest layer's first; zeros by default.
        context: `[batch, context_dim]`, joined to the input of every step, if there is a `context_dim`.
        mask: `[batch, time]`, True at real steps. A masked step changes no state.
        training: Whether dropout is active.
        places: int `[places]`, the steps whose logits are wanted, of all `batch * time`; the others', which may be
            padding, are then not worked out, which in a large vocabulary is most of the work.

    Returns (of a call):
        Logits `[batch, time, vocabulary_size]`, or `[places, vocabulary_size]`, in float32 under mixed precision too,
        and the list of last states.

    Args:
        vocabulary_size: Distinct tokens.
        embedding_dim: Width of the embeddings.
        layers: The recurrent layers of this library, lowest first, with `return_sequences` and `return_state`; or
            cells, which get both.
        tied: Whether the output layer's kernel is the embeddings', by way of a projection P `[units, embedding_dim]`
            where widths differ.
        context_dim: Width of the context; None means that there is none.
        dropout: Rate in [0, 1).
        train_embeddings: Whether the embeddings learn; vectors that were learnt elsewhere may be kept as they are.
        seed: Seed of the dropout and of re-injection.
        embeddings_initializer: Initializer of the embeddings.
        kernel_initializer: Initializer of the output layer's kernel and of P.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: A size below 1, a rate outside [0, 1), no layer, or a layer that cannot decode.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_dim: int,
        layers: Sequence[Any],
        *,
        tied: bool = False,
        context_dim: int | None = None,
        dropout: float = 0.0,
        train_embeddings: bool = True,
        seed: int | None = None,
        embeddings_initializer: Any = "uniform",
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(**kwargs)
        sizes = {"vocabulary_size": vocabulary_size, "embedding_dim": embedding_dim, "context_dim": context_dim}
        for name, size in sizes.items():
            if size is not None and size < 1:
                raise ValueError(f"`{name}` must be at least 1, got {size}")
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.context_dim = context_dim
        self.tied = tied
        self.dropout = float(dropout)
        self.train_embeddings = train_embeddings
        self.seed = seed
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.stack = Deep(
            [_decoding_layer(layer) for layer in layers], dropout=dropout, seed=seed, dtype=self.dtype_policy
        )
        self.dropouts = [self._dropout(below + len(self.stack.layers)) for below in range(2)]
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def _dropout(self, number: int) -> keras.layers.Dropout:
        seed = None if self.seed is None else self.seed + number  # the stack has the numbers below
        return keras.layers.Dropout(self.dropout, seed=seed, dtype=self.dtype_policy)

    @property
    def layers(self) -> list[Recurrent]:
        """The recurrent layers, lowest first."""
        return self.stack.layers

    @property
    def state_sizes(self) -> list[int]:
        """Width of every state, the lowest layer's first: what a bridge has to make."""
        return [layer.cell.units for layer in self.layers for _ in range(layer.cell.state_count)]

    def build(self, tokens_shape: Any = None) -> None:
        """Makes the weights: embeddings, the layers', the output layer's."""
        del tokens_shape
        size, width = self.vocabulary_size, self.layers[-1].cell.output_size
        self.embeddings = self.add_weight(
            name="embeddings", shape=(size, self.embedding_dim), initializer=self.embeddings_initializer,
            trainable=self.train_embeddings,
        )  # fmt: skip
        self.stack.build((None, None, self.embedding_dim + (self.context_dim or 0)))
        columns = self.embedding_dim if self.tied else size
        self.kernel = None
        if not self.tied or width != columns:
            self.kernel = self.add_weight(name="kernel", shape=(width, columns), initializer=self.kernel_initializer)
        self.bias = self.add_weight(name="bias", shape=(size,), initializer="zeros")

    def get_initial_state(self, batch_size: Any) -> States:
        """Returns zeros, each `[batch_size, units]`, the lowest layer's first."""
        return [
            tf.cast(state, layer.compute_dtype)
            for layer in self.layers
            for state in layer.cell.get_initial_state(batch_size)
        ]

    def call(
        self,
        tokens: tf.Tensor,
        states: Sequence[tf.Tensor] | None = None,
        context: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
        places: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, States]:
        """Teacher forcing: every step reads the token that is given; see the class for shapes."""
        vectors = self.dropouts[0](self.embed(tokens), training=training)
        self._check_context(context)
        if context is not None:
            context = tf.cast(context, vectors.dtype)[:, tf.newaxis]
            vectors = tf.concat([vectors, tf.repeat(context, tf.shape(vectors)[1], axis=1)], axis=-1)
        output, *states = self.stack(vectors, initial_state=states, mask=mask, training=training)
        return self._logits(output, places, training), states

    def _logits(self, output: tf.Tensor, places: tf.Tensor | None, training: bool | None) -> tf.Tensor:
        """Returns the logits of the last layer's outputs `[batch, time, units]`, at some places or at all."""
        if places is not None:
            output = tf.gather(tf.reshape(output, [-1, output.shape[-1]]), places)
        return self.read_out(self.dropouts[1](output, training=training))

    def forced(
        self,
        tokens: tf.Tensor,
        states: Sequence[tf.Tensor] | None = None,
        context: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
        *,
        rate: float | tf.Tensor,
        sampled: bool = False,
        training: bool | None = True,
    ) -> tuple[tf.Tensor, States]:
        """Teacher forcing with re-injection, or scheduled sampling: some steps read what the model itself has chosen.

        Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled Sampling for Sequence Prediction with Recurrent Neural
        Networks". As there, no gradient passes through a choice; so the choices are made first, by one loop of steps
        without gradients and without dropout, and the engine then trains on the tokens that came of it. At rate 0 the
        loop makes no step, and the result is that of `call`.

        Args:
            tokens: As `call`.
            states: As `call`.
            context: As `call`.
            mask: As `call`.
            rate: Probability, for each token but the first real one, that the model's own choice takes its place:
                1 - ε of the paper. A scalar; a tensor or a variable may change from batch to batch
                (`zoo.training.reinjection_schedules` has the paper's schedules).
            sampled: Whether a choice is drawn from the model's distribution, else the most probable token.
            training: Whether dropout is active in what is returned.

        Returns:
            As `call`.
        """
        tokens = self.reinjected(tokens, states, context, mask, rate=rate, sampled=sampled)
        return self(tokens, states=states, context=context, mask=mask, training=training)

    def reinjected(
        self,
        tokens: tf.Tensor,
        states: Sequence[tf.Tensor] | None = None,
        context: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
        *,
        rate: float | tf.Tensor,
        sampled: bool = False,
    ) -> tf.Tensor:
        """Returns the tokens that `forced` reads, int32 `[batch, time]`; see there."""
        if states is None:
            states = self.get_initial_state(tf.shape(tokens)[0])
        step = self.stepper(context)
        return reinjection.mixed(step, tokens, states, mask, rate=rate, sampled=sampled, seeds=self.seed_generator)

    def step(
        self, tokens: tf.Tensor, states: Sequence[tf.Tensor], context: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, States]:
        """Takes one step, without dropout.

        Args:
            tokens: int `[rows]`.
            states: Each `[rows, units]`, the lowest layer's first.
            context: `[rows, context_dim]`.

        Returns:
            Logits `[rows, vocabulary_size]` and the new states.
        """
        self._check_context(context)
        return DecoderStep(self)(tokens, states, context)

    def stepper(self, context: tf.Tensor | None = None) -> DecoderStep:
        """Returns `step` for a loop: weights are read, and what depends on the token alone is computed, once before.

        Args:
            context: `[rows, context_dim]`, the same at every step, and for all hypotheses of a row.

        Returns:
            `step(tokens, states) -> (logits, states)`, as `zoo.decoding` takes it.
        """
        self._check_context(context)
        return DecoderStep(self, context, tabulate=True)

    def embed(self, tokens: tf.Tensor) -> tf.Tensor:
        """Looks up int `[...]` as `[..., embedding_dim]`."""
        self.build_once()
        return tf.cast(tf.gather(tf.convert_to_tensor(self.embeddings), tokens), self.compute_dtype)

    def read_out(self, outputs: tf.Tensor) -> tf.Tensor:
        """Turns outputs of the last layer `[..., units]` into logits `[..., vocabulary_size]`."""
        # A product of rank 3 by rank 2 would become a batched one, which is slower.
        flat = outputs if outputs.shape.rank == 2 else tf.reshape(outputs, [-1, outputs.shape[-1]])
        flat = tf.cast(flat, self.compute_dtype)
        if self.kernel is not None:
            flat = tf.matmul(flat, self._read(self.kernel))
        if self.tied:
            flat = tf.matmul(flat, self._read(self.embeddings), transpose_b=True)
        bias = tf.cast(tf.convert_to_tensor(self.bias), self.variable_dtype)
        logits = tf.nn.bias_add(tf.cast(flat, self.variable_dtype), bias)
        if outputs.shape.rank == 2:
            return logits
        logits = tf.reshape(logits, tf.concat([tf.shape(outputs)[:-1], [self.vocabulary_size]], axis=0))
        return tf.ensure_shape(logits, [*outputs.shape[:-1], self.vocabulary_size])

    def _read(self, variable: keras.Variable) -> tf.Tensor:
        # Outside a call of the layer nothing else casts it.
        return tf.cast(tf.convert_to_tensor(variable), self.compute_dtype)

    def build_once(self) -> None:
        """Makes the weights if that has not been done: decoding may be what a decoder is used for first."""
        if not self.built:
            self.build((None, None))

    def _check_context(self, context: tf.Tensor | None) -> None:
        """Refuses a context where none is expected, and none where one is.

        Raises:
            ValueError: It does not fit.
        """
        if (context is None) != (self.context_dim is None):
            given = "got none" if context is None else "got one"
            raise ValueError(f"{self.name}: made with context_dim={self.context_dim}, {given}; the two must agree")

    def compute_mask(self, tokens: Any, mask: Any = None) -> Any:
        """Returns the mask of the logits; states have none."""
        del tokens
        return (mask[0] if isinstance(mask, (list, tuple)) else mask, *(None,) * len(self.state_sizes))

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "embedding_dim": self.embedding_dim,
            "layers": [keras.saving.serialize_keras_object(layer) for layer in self.layers],
            "tied": self.tied,
            "context_dim": self.context_dim,
            "dropout": self.dropout,
            "train_embeddings": self.train_embeddings,
            "seed": self.seed,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Decoder:
        """Makes the decoder that `get_config` describes."""
        layers = [
            keras.saving.deserialize_keras_object(layer, custom_objects=custom_objects) for layer in config["layers"]
        ]
        return cls(**{**config, "layers": layers})


def _decoding_layer(layer: Any) -> Recurrent:
    """Returns a layer that walks forwards, step by step, and hands over its states."""
    if is_cell(layer):
        name = f"recurrent_{layer.name}"
        layer = Recurrent(layer, return_sequences=True, return_state=True, name=name, dtype=layer.dtype_policy)
    name = getattr(layer, "name", repr(layer))
    if not (isinstance(layer, Recurrent) and isinstance(layer.cell, Cell)):
        raise ValueError(
            f"a decoder is made of this library's recurrent layers of one direction, got {type(layer).__name__} "
            f"({name}); give several layers as a list"
        )
    for flag, wanted in (
        ("return_sequences", True),
        ("return_state", True),
        ("go_backwards", False),
        ("stateful", False),
    ):
        if getattr(layer, flag) != wanted:
            raise ValueError(f"layer {name} cannot decode: make it with {flag}={wanted}")
    return layer
