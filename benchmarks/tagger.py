"""Sentences a second of `zoo.get("lstm_ner")`, in training and in tagging, beside a plain Keras model of the same size.

    python benchmarks/tagger.py
    python benchmarks/tagger.py --set units=200 --set head=softmax --json=tagger.json

The recipe is measured as people use it: from raw tokens through the input pipeline to the optimizer's step, and from
raw tokens to tag strings with Viterbi and scores. The Keras model gets the same numbers as ready tensors, is fitted and
predicts, and answers with probabilities alone. Both take turns in every round, after an untimed warm-up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import invented_words
import keras
import numpy as np
import tensorflow as tf
import turns
from absl import app, flags

import zoo
from zoo.config.fields import parse_assignments
from zoo.config.tagger import TaggerConfig
from zoo.models.tagging.tagger import Tagger
from zoo.preprocessing.tagging import NUM_CASES
from zoo.preprocessing.vocabulary import RESERVED

_SENTENCES = flags.DEFINE_integer("sentences", 4096, "Sentences an epoch, and as many to tag.", lower_bound=256)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Timed rounds; the figures are their medians.", lower_bound=1)
_SET = flags.DEFINE_multi_string("set", [], "Any field of the configuration, as field=value; repeatable.")
_JSON = flags.DEFINE_string("json", None, "File for all figures.")

TOKENS = 14  # the mean length of a sentence of the English CoNLL-2003 task
TYPES = ("LOC", "MISC", "ORG", "PER")
LEXICON = 22_000  # so many words, in proportion to 1 / rank, that about 10,000 turn up in 4,096 sentences
PREDICT_BATCH = 256  # the recipe's own default
VERBS = ("trains", "tags")


def sentences(number: int, seed: int = 0) -> tuple[list[list[str]], list[list[str]]]:
    """Invents sentences of 14 Zipf-distributed words, and their IOB2 tags; about every tenth word begins a name."""
    rng = np.random.default_rng(seed)
    lexicon, words = invented_words.draw(rng, LEXICON, (number, TOKENS))
    all_tokens, all_tags = [], []
    for row in words:
        tokens, tags = [lexicon[word] for word in row], ["O"] * TOKENS
        place = int(rng.geometric(0.1)) - 1
        while place < TOKENS:
            kind = TYPES[row[place] % len(TYPES)]
            end = min(place + int(rng.integers(1, 4)), TOKENS)
            tokens[place:end] = [token.capitalize() for token in tokens[place:end]]
            tags[place:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - place - 1)
            place = end + int(rng.geometric(0.1))
        all_tokens.append(tokens)
        all_tags.append(tags)
    return all_tokens, all_tags


def keras_model(config: TaggerConfig, tensors: dict[str, np.ndarray], num_words: int, num_chars: int, num_tags: int):
    """Makes the tagger that one writes with Keras alone: the same sizes, a softmax, no masks, no word dropout."""
    layers = keras.layers
    inputs = {name: keras.Input(array.shape[1:], dtype="int32", name=name) for name, array in tensors.items()}
    features = [layers.Embedding(num_words, config.word_dim)(inputs["token_ids"])]
    if "case_ids" in inputs:
        features.append(layers.Embedding(NUM_CASES, config.case_dim)(inputs["case_ids"]))
    if "char_ids" in inputs:
        longest = tensors["char_ids"].shape[2]
        flat = keras.ops.reshape(inputs["char_ids"], (-1, longest))
        chars = layers.Embedding(num_chars, config.char_dim)(flat)
        if config.characters == "cnn":
            chars = layers.Conv1D(config.char_units, config.char_width, padding="same")(chars)
            chars = layers.GlobalMaxPooling1D()(chars)
        else:
            chars = layers.Bidirectional(layers.LSTM(config.char_units))(chars)
        features.append(keras.ops.reshape(chars, (-1, TOKENS, chars.shape[-1])))
    x = layers.Concatenate()(features) if len(features) > 1 else features[0]
    x = layers.Dropout(config.dropout)(x)
    for _ in range(config.depth):
        layer = turns.keras_layer(config.cell)(config.units, return_sequences=True)
        x = layers.Dropout(config.dropout)((layers.Bidirectional(layer) if config.bidirectional else layer)(x))
    model = keras.Model(inputs, layers.Dense(num_tags, activation="softmax")(x))
    optimizer = keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm)
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    return model


def candidates(config: TaggerConfig, tokens: list, tags: list) -> tuple[dict[str, Callable[[int], float]], dict]:
    """Makes both models; returns what to time (round -> seconds), and what the models are."""
    ours = Tagger(config)
    ours.adapt(zoo.datasets.from_sentences(tokens, tags))
    tensors = {name: tensor.numpy() for name, tensor in ours.preprocessor.inputs(tf.constant(tokens)).items()}
    del tensors["padding_mask"]  # every sentence is full
    targets = ours.preprocessor.targets(tf.constant(tags), training=True).numpy()
    num_words, num_chars = (len(items) + RESERVED for items in (ours.vocabulary.words, ours.vocabulary.characters))
    theirs = keras_model(config, tensors, num_words, num_chars, len(ours.preprocessor.tags.names))
    clock = turns.EpochClock()

    def train_ours(epoch: int) -> float:
        ours.fit(tokens, tags, epochs=epoch + 1, initial_epoch=epoch, callbacks=[clock], verbose=0)
        return clock.seconds

    def train_theirs(epoch: int) -> float:
        theirs.fit(tensors, targets, batch_size=config.batch_size, callbacks=[clock], verbose=0)
        return clock.seconds

    def tag_ours(epoch: int) -> float:
        begun = time.perf_counter()
        answers = ours.predict(tokens)
        seconds = time.perf_counter() - begun
        assert len(answers) == len(tokens)
        assert all(len(answer.tags) == TOKENS for answer in answers)
        return seconds

    def tag_theirs(epoch: int) -> float:
        begun = time.perf_counter()
        theirs.predict(tensors, batch_size=PREDICT_BATCH, verbose=0)
        return time.perf_counter() - begun

    jobs = {"zoo trains": train_ours, "Keras trains": train_theirs, "zoo tags": tag_ours, "Keras tags": tag_theirs}
    facts = {"vocabulary": num_words, "parameters": {"zoo": ours.count_params(), "keras": theirs.count_params()}}
    return jobs, facts


def main(arguments: list[str]) -> None:
    """Prints the speeds, their spread and the ratios."""
    if len(arguments) > 1:
        raise app.UsageError(f"not a flag: {arguments[1]!r}")
    number, rounds = _SENTENCES.value, _ROUNDS.value
    try:
        changes = parse_assignments(TaggerConfig, _SET.value)
        # The schedule of the learning rate ends with the last round.
        config = zoo.registry.config("lstm_ner", **{"epochs": rounds + 1, **changes})
    except (TypeError, ValueError) as error:
        raise app.UsageError(str(error)) from error
    tokens, tags = sentences(number)
    jobs, facts = candidates(config, tokens, tags)
    speeds = turns.measure(jobs, number, rounds)

    sizes = ", ".join(f"{name} {size:,}" for name, size in facts["parameters"].items())
    print(f"{number:,} sentences of {TOKENS} tokens, {facts['vocabulary']:,} words, on {', '.join(turns.devices())}")
    print(f"parameters: {sizes}")
    turns.report(speeds, "sentences", VERBS)
    if _JSON.value:
        turns.write_json(_JSON.value, speeds, "sentences", VERBS, **facts, config=config.to_dict())


if __name__ == "__main__":
    app.run(main)
