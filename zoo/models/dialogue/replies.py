"""Writing replies: from the turns of dialogues to the next ones, all in the graph."""

from __future__ import annotations

import tensorflow as tf

from zoo.config.dialogue_model import DialogueModelConfig
from zoo.decoding import Adjust, beam_search, forbidding, in_turn, repetition_penalty, sample
from zoo.models.dialogue.network import FlatNetwork, HierarchicalNetwork
from zoo.preprocessing.dialogues import DialogueCodec, Turns
from zoo.preprocessing.token_codec import never_written
from zoo.preprocessing.vocabulary import BEGIN_ID, END_ID

Network = HierarchicalNetwork | FlatNetwork


def search(
    network: Network, codec: DialogueCodec, config: DialogueModelConfig, turns: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Searches for the best replies.

    Args:
        network: The network.
        codec: Words to numbers and back.
        config: Says how replies are searched for.
        turns: Strings [batch, turns], padded with empty ones.

    Returns:
        `reply` [batch] and `replies` [batch, n], strings, the best first; `log_probability` [batch] and
        `log_probabilities` [batch, n], float32, nats, the end included unless `max_reply` came before it;
        `turns_cut` and `words_cut`, int32 [batch], what was not read; `valid`, bool [batch], False for a dialogue
        without a turn, whose replies are empty; and, where the model knows them, `act` and `emotion` of the reply,
        strings [batch]. Where there are fewer replies than n, which is `config.returned`, the others are empty, and
        their log-probabilities 0.
    """
    read = codec.encode(turns)
    heard = network.hear(read.token_ids, read.inputs)
    beams = beam_search(
        network.decoder.stepper(heard.context), _begin(read), heard.states, max_length=config.max_reply,
        beam_width=config.beam_width, end=END_ID, length_penalty=config.length_penalty, n_best=config.returned,
        adjust=_adjustment(config),
    )  # fmt: skip
    known = (beams.lengths > 0) & _valid(read)[:, tf.newaxis]
    texts = tf.reshape(codec.decode(tf.reshape(beams.tokens, [-1, beams.tokens.shape[2]])), tf.shape(known))
    replies, nats = tf.where(known, texts, ""), tf.where(known, beams.log_probabilities, 0.0)
    return {
        "reply": replies[:, 0],
        "replies": replies,
        "log_probability": nats[:, 0],
        "log_probabilities": nats,
        **_told(network, codec, read, beams.tokens[:, 0]),
    }


def draw(
    network: Network,
    codec: DialogueCodec,
    config: DialogueModelConfig,
    turns: tf.Tensor,
    length: tf.Tensor,
    temperature: tf.Tensor,
    top_k: tf.Tensor,
    top_p: tf.Tensor,
    seed: tf.Tensor,
) -> dict[str, tf.Tensor]:
    """Draws a reply to each dialogue.

    Args:
        network: The network.
        codec: Words to numbers and back.
        config: Says how repetitions are treated.
        turns: Strings [batch, turns], padded with empty ones.
        length: As `zoo.models.drawing.Settings`, a scalar, and so are those that follow.
        temperature: As `Settings`.
        top_k: As `Settings`.
        top_p: As `Settings`.
        seed: As `Settings`.

    Returns:
        As `search`, without `replies` and `log_probabilities`.
    """
    read = codec.encode(turns)
    heard = network.hear(read.token_ids, read.inputs)
    decoded = sample(
        network.decoder.stepper(heard.context), _begin(read), heard.states, max_length=length, seed=seed,
        temperature=temperature, top_k=top_k, top_p=top_p, end=END_ID, adjust=_adjustment(config),
    )  # fmt: skip
    valid = _valid(read)
    return {
        "reply": tf.where(valid, codec.decode(decoded.tokens), ""),
        "log_probability": tf.where(valid, decoded.log_probabilities, 0.0),
        **_told(network, codec, read, decoded.tokens),
    }


def _begin(read: Turns) -> tf.Tensor:
    return tf.fill([tf.shape(read.token_ids)[0]], BEGIN_ID)


def _adjustment(config: DialogueModelConfig) -> Adjust:
    """A reply has a word at least, none that is unknown, and not always the same."""
    writable = in_turn(forbidding(never_written()), forbidding([END_ID], before=1))
    if config.repetition_penalty == 1.0:  # to look for repetitions costs as much as a step
        return writable
    return in_turn(writable, repetition_penalty(config.repetition_penalty))


def _valid(read: Turns) -> tf.Tensor:
    return tf.reduce_any(read.turn_mask, axis=1)


def _told(network: Network, codec: DialogueCodec, read: Turns, reply: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns what is known of the reading, and of the replies, int32 [batch, time]."""
    told = {"turns_cut": read.turns_cut, "words_cut": read.words_cut, "valid": _valid(read)}
    if not codec.labels:
        return told
    wide = tf.maximum(tf.shape(read.token_ids)[2], tf.shape(reply)[1])
    before, after = (
        tf.pad(part, [[0, 0], [0, 0], [0, wide - tf.shape(part)[2]]]) for part in (read.token_ids, reply[:, tf.newaxis])
    )
    context = network.after(tf.concat([before, after], axis=1))
    for name, head in network.heads.items():
        labels = codec.labels[name].decode(tf.argmax(head(context), axis=-1, output_type=tf.int32))
        told[name[:-1]] = tf.where(told["valid"], labels, "")
    return told
