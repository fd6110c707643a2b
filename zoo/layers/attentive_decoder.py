"""The recurrent decoder that looks at a memory before every token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo.decoding import State
from zoo.engine import dropout
from zoo.layers import reinjection
from zoo.layers.attention import AttentionStep, BahdanauAttention
from zoo.layers.decoder import Decoder, States
from zoo.layers.decoder_step import DecoderStep


@keras.saving.register_keras_serializable(package="zoo")
class AttentiveDecoder(Decoder):
    """A `Decoder` whose context changes from step to step: what additive attention finds in a memory.

        z_t, α_t = attention(h¹_{t-1}, memory)
        v_t = [e(y_{t-1}); z_t]

    h¹ is the output of the lowest layer. So that layer alone has to take turns with the attention, and the layers above
    it run over whole sequences by the engine, as Wu et al. 2016, "Google's Neural Machine Translation System" (section
    3) do for the same reason. Bahdanau, Cho & Bengio 2015; over images: Xu et al. 2015, "Show, Attend and Tell".

    Everything else is as in `Decoder`, and so are the states: a search needs no others. To see where the decoder looked
    while it wrote, let it read what it has written: `return_attention_scores=True`.

    Call arguments:
        tokens: As `Decoder`.
        states: As `Decoder`.
        context: The memory, `[batch, positions, context_dim]`, where the tokens have a multiple of so many rows:
            several sequences about one memory lie side by side.
        mask: As `Decoder`.
        training: As `Decoder`.
        places: As `Decoder`; α is of all steps even so.
        context_mask: `[batch, positions]`, True at real positions of the memory; None if all are.
        return_attention_scores: Whether α is returned, too.

    Returns (of a call):
        As `Decoder`; then, if asked for, α `[rows, time, positions]` in float32.

    Args:
        vocabulary_size: As `Decoder`.
        embedding_dim: As `Decoder`.
        layers: As `Decoder`.
        context_dim: Width of the memory.
        attention_units: Width of the attention's hidden layer.
        gate: Whether the attention is gated; see `BahdanauAttention`.
        **kwargs: As `Decoder`.

    Raises:
        ValueError: As `Decoder`.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_dim: int,
        layers: Sequence[Any],
        *,
        context_dim: int,
        attention_units: int,
        gate: bool = False,
        **kwargs: Any,
    ) -> None:
        """Stores the arguments; `build` makes the weights."""
        super().__init__(vocabulary_size, embedding_dim, layers, context_dim=context_dim, **kwargs)
        self.attention = BahdanauAttention(attention_units, gate=gate, dtype=self.dtype_policy, name="attention")

    def build(self, tokens_shape: Any = None) -> None:
        """Makes the weights: those of `Decoder`, and the attention's."""
        super().build(tokens_shape)
        self.attention.build((None, self.layers[0].cell.units), (None, None, self.context_dim))

    def call(
        self,
        tokens: tf.Tensor,
        states: Sequence[tf.Tensor] | None = None,
        context: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
        training: bool | None = None,
        places: tf.Tensor | None = None,
        context_mask: tf.Tensor | None = None,
        return_attention_scores: bool = False,
    ) -> tuple[Any, ...]:
        """Teacher forcing: every step reads the token that is given; see the class for shapes."""
        self._check_context(context)
        vectors = self.dropouts[0](self.embed(tokens), training=training)
        states = self.get_initial_state(tf.shape(tokens)[0]) if states is None else list(states)
        mask = None if mask is None else tf.cast(mask, tf.bool)
        look = self.attention.over(context, context_mask)
        lowest = self.layers[0].cell.state_count
        output, last, scores = self._walk(vectors, states[:lowest], look, mask, training=bool(training))
        output, above = self._above(output, states[lowest:], mask, training)
        logits = self._logits(output, places, training)
        scores = tf.ensure_shape(scores, [*tokens.shape, context.shape[1]])
        return (logits, last + above, scores) if return_attention_scores else (logits, last + above)

    def _walk(
        self, vectors: tf.Tensor, states: States, look: AttentionStep, mask: tf.Tensor | None, *, training: bool
    ) -> tuple[tf.Tensor, States, tf.Tensor]:
        """Walks the lowest layer and the attention, step by step in one loop.

        Args:
            vectors: Embedded tokens `[rows, time, embedding_dim]`.
            states: The lowest layer's first states.
            look: The attention.
            mask: `[rows, time]`, True at real steps, or None.
            training: Whether the cell's own dropout is active.

        Returns:
            The layer's outputs `[rows, time, units]`, its last states, and the weights `[rows, time, positions]`.
        """
        cell = self.layers[0].cell
        vectors = tf.transpose(tf.cast(vectors, cell.compute_dtype), [1, 0, 2])
        length, rows = tf.unstack(tf.shape(vectors)[:2])
        states = [tf.cast(state, cell.compute_dtype) for state in states]
        of_inputs, of_states = self._dropout_masks(rows, training=training)
        recurrent = cell.recurrent_product(of_states)
        reads = _reader(vectors)
        real = None if mask is None else _reader(tf.transpose(mask))
        outputs = tf.TensorArray(cell.compute_dtype, length, element_shape=states[0].shape)
        scores = tf.TensorArray(tf.float32, length, element_shape=[states[0].shape[0], None])

        def one_more(time: tf.Tensor, states: States, outputs: tf.TensorArray, scores: tf.TensorArray) -> tuple:
            context, weights = look(states[0])
            inputs = tf.concat([reads(time), tf.cast(context, cell.compute_dtype)], axis=-1)
            if of_inputs is not None:
                inputs *= of_inputs
            _, new_states = cell.step(cell.project(inputs), tuple(states), recurrent)
            if real is not None:
                # `Select` takes a condition of rank 1; the gradient of a broadcasting `tf.where` works out shapes.
                kept = real(time)
                new_states = [
                    tf.raw_ops.Select(condition=kept, x=new, y=old) for new, old in zip(new_states, states, strict=True)
                ]
            for new, old in zip(new_states, states, strict=True):
                new.set_shape(old.shape)
            return time + 1, new_states, outputs.write(time, new_states[0]), scores.write(time, weights)

        _, states, outputs, scores = tf.while_loop(
            lambda time, *_: time < length,
            one_more,
            (tf.constant(0), states, outputs, scores),
            maximum_iterations=length,  # XLA sizes what the backward pass needs by it
        )
        hidden = cell.read_out(tf.transpose(outputs.stack(), [1, 0, 2]))
        return hidden, states, tf.transpose(scores.stack(), [1, 0, 2])

    def _dropout_masks(self, rows: tf.Tensor, *, training: bool) -> tuple[tf.Tensor | None, tf.Tensor | None]:
        """Returns the lowest cell's own masks, of its inputs and of its state, the same at every step."""
        cell, of_inputs, of_states = self.layers[0].cell, None, None
        if training and cell.dropout:
            width = self.embedding_dim + self.context_dim
            of_inputs = dropout.of_inputs(cell, tf.ones([rows, 1, width], cell.compute_dtype))[:, 0]
        if training and cell.recurrent_dropout:
            of_states = dropout.mask_of_states(cell, rows)
        return of_inputs, of_states

    def _above(
        self, output: tf.Tensor, states: States, mask: tf.Tensor | None, training: bool | None
    ) -> tuple[tf.Tensor, States]:
        """Runs the layers above the lowest over whole sequences; returns the top one's outputs and all last states."""
        remaining, last = iter(states), []
        for between, layer in zip(self.stack.dropouts, self.layers[1:], strict=True):
            first = [next(remaining) for _ in range(layer.cell.state_count)]
            output = between(output, training=training)
            output, *new = layer(output, initial_state=first, mask=mask, training=training)
            last += new
        return output, last

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
        context_mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, States]:
        """Teacher forcing with re-injection; see `Decoder.forced`."""
        tokens = self.reinjected(tokens, states, context, mask, rate=rate, sampled=sampled, context_mask=context_mask)
        return self(tokens, states=states, context=context, mask=mask, training=training, context_mask=context_mask)

    def reinjected(
        self,
        tokens: tf.Tensor,
        states: Sequence[tf.Tensor] | None = None,
        context: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
        *,
        rate: float | tf.Tensor,
        sampled: bool = False,
        context_mask: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the tokens that `forced` reads, int32 `[rows, time]`."""
        if states is None:
            states = self.get_initial_state(tf.shape(tokens)[0])
        step = self.stepper(context, context_mask)
        return reinjection.mixed(step, tokens, states, mask, rate=rate, sampled=sampled, seeds=self.seed_generator)

    def step(
        self,
        tokens: tf.Tensor,
        states: Sequence[tf.Tensor],
        context: tf.Tensor | None = None,
        context_mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, States]:
        """Takes one step, without dropout; see `Decoder.step`."""
        return self.stepper(context, context_mask)(tokens, states)

    def stepper(self, context: tf.Tensor | None = None, context_mask: tf.Tensor | None = None) -> AttentiveStep:
        """Returns `step(tokens, states) -> (logits, states)` for a loop: what does not change is computed once before.

        Args:
            context: The memory, `[batch, positions, context_dim]`; a step may have a multiple of so many rows.
            context_mask: `[batch, positions]`, or None.
        """
        self._check_context(context)
        self.build_once()
        return AttentiveStep(self, self.attention.over(context, context_mask))

    def compute_mask(self, tokens: Any, mask: Any = None) -> Any:
        """Returns the mask of the logits."""
        return super().compute_mask(tokens, mask)

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument, serialised."""
        return {**super().get_config(), "attention_units": self.attention.units, "gate": self.attention.gate}


class AttentiveStep:
    """The pure function `step(tokens, states) -> (logits, states)` of an attentive decoder.

    Args:
        decoder: A built decoder.
        look: Its attention, over the memory.
    """

    def __init__(self, decoder: AttentiveDecoder, look: AttentionStep) -> None:
        """Reads the weights."""
        self._step = DecoderStep(decoder)
        self._look = look

    def __call__(self, tokens: tf.Tensor, states: State) -> tuple[tf.Tensor, States]:
        """Takes a step.

        Args:
            tokens: int `[rows]`.
            states: Each `[rows, units]`, the lowest layer's first.

        Returns:
            Logits `[rows, vocabulary_size]`, and the new states.
        """
        context, _ = self._look(states[0])
        return self._step(tokens, states, context)


def _reader(tensor: tf.Tensor) -> Any:
    """Returns what reads one step of a tensor whose first axis is time; a slice has a whole tensor as gradient."""
    return tf.TensorArray(tensor.dtype, tf.shape(tensor)[0], element_shape=tensor.shape[1:]).unstack(tensor).read
