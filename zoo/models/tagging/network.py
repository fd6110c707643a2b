"""The tagger's network: word and character features, recurrent layers, a head."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from zoo import cells
from zoo.config.tagger import TaggerConfig
from zoo.layers.bidirectional import Bidirectional
from zoo.layers.characters import CharacterBiRNN, CharacterCNN
from zoo.layers.crf import CRF
from zoo.layers.deep import Deep
from zoo.layers.one_hot import OneHot
from zoo.layers.recurrent import Recurrent
from zoo.layers.token_dropout import TokenDropout
from zoo.preprocessing.tagging import NUM_CASES
from zoo.preprocessing.vocabulary import RESERVED

Constraints = tuple[list[bool], list[list[bool]], list[bool]]


def tagger_network(
    config: TaggerConfig,
    word_counts: Sequence[int],
    num_chars: int,
    tags: Sequence[str],
    constraints: Constraints | None,
) -> keras.Model:
    """Composes the network.

    Args:
        config: What to compose.
        word_counts: How often each known word was seen in training; padding and unknown have ids before the first.
        num_chars: Distinct character ids, padding and unknown included.
        tags: Tag names of the model's scheme.
        constraints: Which tags may begin, follow each other and end, for the CRF.

    Returns:
        From `token_ids`, `padding_mask`, `case_ids` [batch, time] and `char_ids` [batch, time, chars] to the head's
        output: potentials [batch, time, tags, tags] for `crf`, logits [batch, time, tags] for `softmax`, [batch, time,
            1] for `sigmoid`.
    """
    inputs = {
        "token_ids": keras.Input([None], dtype="int32", name="token_ids"),
        "padding_mask": keras.Input([None], dtype="bool", name="padding_mask"),
    }
    features = [_words(config, word_counts, inputs["token_ids"])]
    if config.case_dim:
        inputs["case_ids"] = keras.Input([None], dtype="int32", name="case_ids")
        features.append(keras.layers.Embedding(NUM_CASES, config.case_dim, name="case_embedding")(inputs["case_ids"]))
    if config.characters != "none":
        inputs["char_ids"] = keras.Input([None, None], dtype="int32", name="char_ids")
        features.append(_characters(config, num_chars)(inputs["char_ids"]))
    x = keras.layers.Concatenate(name="features")(features) if len(features) > 1 else features[0]
    x = keras.layers.Dropout(config.dropout, name="features_dropout")(x)
    x = _recurrent(config)(x, mask=inputs["padding_mask"])
    x = keras.layers.Dropout(config.dropout, name="recurrent_dropout")(x)
    x = keras.layers.Dense(1 if config.head == "sigmoid" else len(tags), name="emissions")(x)
    if config.head == "crf":
        x = CRF(len(tags), *(constraints or ()), name="crf")(x, mask=inputs["padding_mask"])
    return keras.Model(inputs, x, name="tagger")


def _words(config: TaggerConfig, word_counts: Sequence[int], token_ids: keras.KerasTensor) -> keras.KerasTensor:
    num_words = RESERVED + len(word_counts)
    if config.word_dropout:
        rates = [0.0] * RESERVED + [
            config.word_dropout / (config.word_dropout + max(count, 1)) for count in word_counts
        ]
        token_ids = TokenDropout(rates, name="word_dropout")(token_ids)
    if config.word_input == "one_hot":
        return OneHot(num_words, name="one_hot_words")(token_ids)
    scale = (3.0 / config.word_dim) ** 0.5  # Ma & Hovy (2016), section 3.1
    return keras.layers.Embedding(
        num_words,
        config.word_dim,
        embeddings_initializer=keras.initializers.RandomUniform(-scale, scale),
        trainable=config.word_vectors is None or config.train_word_vectors,
        name="word_embedding",
    )(token_ids)


def _characters(config: TaggerConfig, num_chars: int) -> keras.layers.Layer:
    if config.characters == "bilstm":
        cell = cells.get("lstm", config.char_units)
        return CharacterBiRNN(cell, num_chars, config.char_dim, name="characters")
    return CharacterCNN(num_chars, config.char_dim, config.char_units, config.char_width, name="characters")


def _recurrent(config: TaggerConfig) -> keras.layers.Layer:
    cell = cells.get(config.cell, config.units, recurrent_dropout=config.recurrent_dropout)
    layer = Bidirectional(cell) if config.bidirectional else Recurrent(cell, return_sequences=True)
    return Deep(layer, depth=config.depth, dropout=config.dropout, name="recurrent")
