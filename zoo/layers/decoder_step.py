"""One step of a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from zoo.layers.decoder import Decoder

# With more tokens than this, a table of what every token becomes costs more than it saves in a short text. With 67
# characters, 128 dimensions and one LSTM of 512 units a step is a seventh faster, and more where memory is busy.
_LARGEST_TABLE = 512


class DecoderStep:
    """The pure function `step(tokens, states) -> (logits, states)` of a decoder, its weights read once.

    It is made before a loop and called within. Without a context, the lowest layer's input depends on the token alone:
    with a small vocabulary its product with the kernel is made once for all tokens, and a step looks it up.

    Args:
        decoder: The decoder.
        context: `[rows, context_dim]` for all steps. Whatever changes the context from step to step (attention, which
            looks where the states say) hands it to the call instead. A search that keeps several hypotheses a row, side
            by side as `zoo.decoding.beam_search` does, has the row's context for each.
        tabulate: Whether many steps are to come, so that such a table pays.

    Attributes:
        table: `[vocabulary_size, columns]`, what each token becomes in the lowest layer; None without it.
    """

    def __init__(self, decoder: Decoder, context: tf.Tensor | None = None, *, tabulate: bool = False) -> None:
        """Reads the weights."""
        decoder.build_once()
        self._decoder = decoder
        self._context = context
        self._layers = [(layer.cell, layer.cell.recurrent_product()) for layer in decoder.layers]
        self.table = None
        if tabulate and decoder.context_dim is None and decoder.vocabulary_size <= _LARGEST_TABLE:
            self.table = self._projected(decoder.embed(tf.range(decoder.vocabulary_size)), None)

    def __call__(
        self, tokens: tf.Tensor, states: Sequence[tf.Tensor], context: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Takes a step.

        Args:
            tokens: int `[rows]`.
            states: Each `[rows, units]`, the lowest layer's first.
            context: `[rows, context_dim]`, in place of the one that was given before.

        Returns:
            Logits `[rows, vocabulary_size]`, and the new states in the precision of those that came in.
        """
        context = self._of_rows(self._context if context is None else context, tokens)
        if self.table is None:
            projected = self._projected(self._decoder.embed(tokens), context)
        else:
            projected = tf.gather(self.table, tokens)
        remaining, new_states, output = iter(states), [], None
        for cell, recurrent in self._layers:
            if output is not None:
                projected = cell.project(tf.cast(output, cell.compute_dtype))
            old = [next(remaining) for _ in range(cell.state_count)]
            output, new = cell.step(projected, tuple(tf.cast(state, cell.compute_dtype) for state in old), recurrent)
            output = cell.read_out(output)
            new_states += [tf.cast(state, before.dtype) for state, before in zip(new, old, strict=True)]
        return self._decoder.read_out(output), new_states

    def _of_rows(self, context: tf.Tensor | None, tokens: tf.Tensor) -> tf.Tensor | None:
        """Repeats each row's context for the row's hypotheses."""
        if context is None or (context.shape[0] is not None and context.shape[0] == tokens.shape[0]):
            return context
        hypotheses = tf.shape(tokens)[0] // tf.maximum(tf.shape(context)[0], 1)
        return tf.ensure_shape(tf.repeat(context, hypotheses, axis=0), [tokens.shape[0], context.shape[1]])

    def _projected(self, vectors: tf.Tensor, context: tf.Tensor | None) -> tf.Tensor:
        """What the lowest layer's recurrence gets of embedded tokens `[rows, embedding_dim]`."""
        cell, _ = self._layers[0]
        if context is not None:
            vectors = tf.concat([vectors, tf.cast(context, vectors.dtype)], axis=-1)
        return cell.project(tf.cast(vectors, cell.compute_dtype))
