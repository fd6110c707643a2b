"""The classifier's network: vectors of words and n-grams, regions, recurrent layers, pooling, a head."""

from __future__ import annotations

import keras

from zoo import cells
from zoo.config.classifier import ClassifierConfig
from zoo.layers.bidirectional import Bidirectional
from zoo.layers.deep import Deep
from zoo.layers.ordinal import OrdinalLogits
from zoo.layers.pooling import SequencePooling
from zoo.layers.recurrent import Recurrent
from zoo.layers.regions import Regions
from zoo.layers.token_dropout import TokenDropout
from zoo.layers.word_ngrams import WordNGrams
from zoo.preprocessing.vocabulary import RESERVED

FEATURES = "features"  # the layer whose output is all that is known of each word


def classifier_network(config: ClassifierConfig, num_words: int, num_classes: int, head: str) -> keras.Model:
    """Composes the network.

    Args:
        config: What to compose.
        num_words: Known words; padding and unknown have ids before the first.
        num_classes: How many classes there are.
        head: `sigmoid`, `softmax` or `ordinal`.

    Returns:
        From `token_ids` and `padding_mask` [batch, time] to logits: [batch, 1] for `sigmoid`, [batch, classes] for
        `softmax`, [batch, classes - 1] for `ordinal` (of being above each class but the last).
    """
    inputs = {
        "token_ids": keras.Input([None], dtype="int32", name="token_ids"),
        "padding_mask": keras.Input([None], dtype="bool", name="padding_mask"),
    }
    mask = inputs["padding_mask"]
    x = _features(config, num_words, inputs["token_ids"])
    if config.encoder == "ngrams":
        x = SequencePooling("mean", name="mean")(x, mask)
    else:
        x = keras.layers.SpatialDropout1D(config.dropout, name="features_dropout")(x)
        x = _encoded(config, x, mask)
    x = keras.layers.Dropout(config.dropout, name="head_dropout")(x)
    if head == "ordinal":
        x = OrdinalLogits(num_classes, name="logits")(x)
    else:
        x = keras.layers.Dense(1 if head == "sigmoid" else num_classes, name="logits")(x)
    return keras.Model(inputs, x, name="classifier")


def _features(config: ClassifierConfig, num_words: int, token_ids: keras.KerasTensor) -> keras.KerasTensor:
    """Returns what is known of each word: its vector and those of the n-grams that end with it, [batch, time, dim]."""
    num_words += RESERVED
    if config.word_dropout:
        rates = [0.0] * RESERVED + [config.word_dropout] * (num_words - RESERVED)
        token_ids = TokenDropout(rates, name="word_dropout")(token_ids)
    trainable = config.word_vectors is None or config.train_word_vectors
    words = keras.layers.Embedding(num_words, config.word_dim, trainable=trainable, name="word_embedding")
    vectors = [words(token_ids)]
    if config.word_ngrams > 1:
        numbers = WordNGrams(config.word_ngrams, config.ngram_buckets, name="word_ngrams")(token_ids)
        table = keras.layers.Embedding(config.ngram_buckets + 1, config.ngram_dim, name="ngram_embedding")
        flat = (config.word_ngrams - 1) * config.ngram_dim
        vectors.append(keras.layers.Reshape([-1, flat], name="ngram_vectors")(table(numbers)))
    if len(vectors) == 1:
        return keras.layers.Identity(name=FEATURES)(vectors[0])
    return keras.layers.Concatenate(name=FEATURES)(vectors)


def _encoded(config: ClassifierConfig, x: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
    """Turns the words' features into one vector a text, [batch, features]."""
    if config.region_width or config.region_pool > 1:
        x, mask = Regions(config.region_filters, config.region_width, config.region_pool, name="regions")(x, mask)
        x = keras.layers.Dropout(config.dropout, name="regions_dropout")(x)
    cell = cells.get(config.cell, config.units, recurrent_dropout=config.recurrent_dropout)
    layer = Recurrent(cell, return_sequences=config.pooling != "last")
    if config.bidirectional:
        layer = Bidirectional(layer)
    x = Deep(layer, depth=config.depth, dropout=config.dropout, name="recurrent")(x, mask=mask)
    return x if config.pooling == "last" else SequencePooling(config.pooling, name="pooling")(x, mask)
