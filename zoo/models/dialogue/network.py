"""The networks of dialogue models: one that reads turn by turn, and a language model that reads word by word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import keras
import tensorflow as tf

from zoo import cells
from zoo.config.dialogue_model import DialogueModelConfig
from zoo.engine.xla_context import inside_xla
from zoo.layers.bidirectional import Bidirectional
from zoo.layers.bridge import DenseBridge
from zoo.layers.decoder import Decoder
from zoo.layers.packing import Packing
from zoo.layers.pooling import SequencePooling
from zoo.layers.recurrent import Recurrent
from zoo.preprocessing.vocabulary import PADDING_ID

# Of the embeddings at first. From Keras' 0.05 a single word hardly moves a turn's vector, and it takes several times as
# many epochs before a reply repeats what an earlier turn has said.
_SPREAD = 0.5


class Heard(NamedTuple):
    """What is known of dialogues before the next turn.

    Attributes:
        states: The decoder's first states, each [batch, units].
        context: What every step of the decoder reads, [batch, context_units]; None without a context layer.
    """

    states: list[tf.Tensor]
    context: tf.Tensor | None


def dialogue_network(
    config: DialogueModelConfig, vocabulary_size: int, labels: Mapping[str, int]
) -> HierarchicalNetwork | FlatNetwork:
    """Makes the network of a configuration, with all its weights.

    Args:
        config: What to make.
        vocabulary_size: Distinct words, reserved numbers included.
        labels: For `acts` and `emotions`, how many there are, where records have them.
    """
    if config.context == "flat":
        return FlatNetwork(config, vocabulary_size)
    return HierarchicalNetwork(config, vocabulary_size, labels)


def _decoder(config: DialogueModelConfig, vocabulary_size: int, context_dim: int | None) -> Decoder:
    layers = [cells.get(config.cell, config.units) for _ in range(config.depth)]
    return Decoder(
        vocabulary_size,
        config.word_dim,
        layers,
        tied=config.tied,
        context_dim=context_dim,
        dropout=config.dropout,
        train_embeddings=config.learns_embeddings,
        seed=config.seed,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=_SPREAD, seed=config.seed),
        name="decoder",
    )


class HierarchicalNetwork(keras.Model):
    """A hierarchical recurrent encoder-decoder.

        u_n = encoder(w_n1 .. w_nL)                      a vector for each turn
        c_n = f(c_{n-1}, u_n), or f(0, u_n)              what has been said up to it, or the turn alone
        d_n = tanh(W c_{n-1} + b)                        the decoder's first states
        P(w_nt | w_n1 .. w_n(t-1), c_{n-1})              the context again at every step

    Serban et al. 2015, equations 3 to 6. Before the first turn c is zero.

    Attributes:
        encoder: From the embedded words of turns to vectors.
        context: The recurrent layer over turns.
        bridge: From contexts to the decoder's first states.
        decoder: The decoder; encoder and decoder share its embeddings.
        heads: From the context with a turn to the turn's act and emotion, by name.
    """

    def __init__(self, config: DialogueModelConfig, vocabulary_size: int, labels: Mapping[str, int]) -> None:
        """Composes the network and makes all weights."""
        super().__init__(name="dialogue")
        self._alone = config.context == "last"
        self.decoder = _decoder(config, vocabulary_size, config.context_units)
        words = Recurrent(cells.get(config.cell, config.encoder_units), return_sequences=config.pooling != "last")
        self.encoder = Bidirectional(words, name="encoder") if config.bidirectional else words
        self.pooling = None if config.pooling == "last" else SequencePooling(config.pooling, name="pooling")
        self.context = Recurrent(cells.get(config.cell, config.context_units), return_sequences=True, name="context")
        self.bridge = DenseBridge(self.decoder.state_sizes, name="bridge")
        self.words_dropout, self.turns_dropout, self.context_dropout = (
            keras.layers.Dropout(config.dropout, seed=config.seed + 100 + number, name=f"{name}_dropout")
            for number, name in enumerate(("words", "turns", "context"))
        )
        self.heads = {name: keras.layers.Dense(count, name=name) for name, count in labels.items()}
        width = config.encoder_units * (1 + config.bidirectional)
        self.decoder.build((None, None))
        self.encoder.build((None, None, config.word_dim))
        if self.pooling is not None:
            self.pooling.build((None, None, width))
        self.context.build((None, None, width))
        for layer in (self.bridge, *self.heads.values()):
            layer.build((None, config.context_units))
        self.built = True

    def call(
        self, tensors: Mapping[str, tf.Tensor], training: bool = False, reinjection_rate: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Says every turn of dialogues after those before it.

        Args:
            tensors: `token_ids` and `inputs`, int32 [batch, turns, words]: see `zoo.preprocessing.dialogues.Turns`.
            training: Whether dropout is active.
            reinjection_rate: Share of the words that are replaced by the model's own choices; None replaces none.

        Returns:
            `logits` [places, vocabulary] of the words at `places`, int32 [places], of all batch * turns * words;
            with heads `acts` and `emotions`, logits [batch, turns, labels].
        """
        token_ids, inputs = tensors["token_ids"], tensors["inputs"]
        turns = Packing(token_ids[:, :, 0] > PADDING_ID)
        contexts = self._contexts(turns, turns.packed(token_ids), training)
        before = turns.packed(tf.pad(contexts[:, :-1], [[0, 0], [1, 0], [0, 0]]))
        heard = self._heard(before, training)
        read = turns.packed(inputs)
        given = {"states": heard.states, "context": heard.context, "mask": read > PADDING_ID}
        if reinjection_rate is not None:
            read = self.decoder.reinjected(read, rate=reinjection_rate, **given)
        said = Packing(given["mask"])
        logits, _ = self.decoder(read, training=training, places=said.places, **given)
        row, word = said.places // tf.shape(read)[1], said.places % tf.shape(read)[1]
        places = tf.gather(turns.places, row) * tf.shape(read)[1] + word
        heads = {name: head(contexts) for name, head in self.heads.items()}
        return {**heads, "logits": logits, "places": places}

    def hear(self, token_ids: tf.Tensor, inputs: tf.Tensor) -> Heard:
        """Reads whole dialogues, int32 [batch, turns, words]."""
        return self._heard(self.after(token_ids), training=False)

    def after(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Returns the context after the last turn of each dialogue, [batch, context_units]; padding may be anywhere."""
        turns = Packing(token_ids[:, :, 0] > PADDING_ID)
        contexts = self._contexts(turns, turns.packed(token_ids), training=False)
        from_end = tf.argmax(turns.mask[:, ::-1], axis=1, output_type=tf.int32)
        return tf.gather(contexts, tf.shape(contexts)[1] - 1 - from_end, batch_dims=1)

    def _heard(self, context: tf.Tensor, training: bool) -> Heard:
        context = self.context_dropout(context, training=training)
        return Heard(self.bridge(context), context)

    def _contexts(self, turns: Packing, token_ids: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns what has been said up to each turn, that turn included, [batch, turns, context_units]."""
        mask = token_ids > PADDING_ID
        vectors = self.words_dropout(self.decoder.embed(token_ids), training=training)
        vectors = self.encoder(vectors, mask=mask, training=training)
        if self.pooling is not None:
            vectors = self.pooling(vectors, mask)
        vectors = self.turns_dropout(vectors, training=training)
        if self._alone:
            return turns.unpacked(self.context(vectors[:, tf.newaxis], training=training)[:, 0])
        return self.context(turns.unpacked(vectors), mask=turns.mask, training=training)


class FlatNetwork(keras.Model):
    """A language model over the words of a dialogue, its turns one behind the other; its state is all it knows.

    Attributes:
        decoder: The language model.
    """

    def __init__(self, config: DialogueModelConfig, vocabulary_size: int) -> None:
        """Makes the network and all weights."""
        super().__init__(name="dialogue")
        self.decoder = _decoder(config, vocabulary_size, None)
        self.decoder.build((None, None))
        self.built = True

    def call(
        self, tensors: Mapping[str, tf.Tensor], training: bool = False, reinjection_rate: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Says every turn of dialogues after those before it; see `HierarchicalNetwork.call`."""
        read, mask, origins = _in_a_row(tensors["inputs"])
        if reinjection_rate is not None:
            read = self.decoder.reinjected(read, mask=mask, rate=reinjection_rate)
        said = Packing(mask)
        logits, _ = self.decoder(read, mask=mask, training=training, places=said.places)
        return {"logits": logits, "places": said.packed(origins)}

    def hear(self, token_ids: tf.Tensor, inputs: tf.Tensor) -> Heard:
        """Reads whole dialogues, int32 [batch, turns, words]."""
        read, mask, _ = _in_a_row(inputs)
        nothing = tf.zeros([0], tf.int32)
        return Heard(self.decoder(read, mask=mask, training=False, places=nothing)[1], None)


def _in_a_row(inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Puts the words of each dialogue one behind the other.

    Args:
        inputs: int32 [batch, turns, words], padded anywhere.

    Returns:
        The words [batch, time], padded at the end; bool [batch, time], where they are real; and where each was, int32
        [batch, time], of all batch * turns * words.
    """
    batch, turns, words = tf.unstack(tf.shape(inputs))
    flat = tf.reshape(inputs, [batch, turns * words])
    real = flat > PADDING_ID
    order = tf.argsort(tf.cast(~real, tf.int32), axis=1, stable=True)
    if not inside_xla():
        longest = tf.reduce_max(tf.reduce_sum(tf.cast(real, tf.int32), axis=1))
        order = order[:, : tf.maximum(longest, 1)]
    read = tf.gather(flat, order, batch_dims=1)
    return read, read > PADDING_ID, order + (turns * words) * tf.range(batch)[:, tf.newaxis]
