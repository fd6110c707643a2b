"""Reviews a second of `zoo.get("lstm_imdb")`, in training and in answers, beside a plain Keras model of the same size.

    python benchmarks/classifier.py
    python benchmarks/classifier.py --set cell=peephole_lstm --set units=128 --json=classifier.json

The recipe is measured as people use it: from raw text through the input pipeline to the optimizer's step, and from raw
text to labels, by `predict` and by the exported model. The Keras model gets the very same batches as ready tensors, the
numbers of word pairs included, is fitted and predicts. It learns by Keras' Adam, since Keras has no lazy one. All take
turns in every round, after an untimed warm-up.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import invented_words
import keras
import numpy as np
import tensorflow as tf
import turns
from absl import app, flags, logging

import zoo
from zoo.config.classifier import ClassifierConfig
from zoo.config.fields import parse_assignments
from zoo.models.classifying.classifier import Classifier
from zoo.preprocessing.vocabulary import RESERVED

_REVIEWS = flags.DEFINE_integer("reviews", 1024, "Reviews an epoch, and as many to answer.", lower_bound=64)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Timed rounds; the figures are their medians.", lower_bound=1)
_SET = flags.DEFINE_multi_string("set", [], "Any field of the configuration, as field=value; repeatable.")
_JSON = flags.DEFINE_string("json", None, "File for all figures.")

# Lengths of the Large Movie Review Dataset, in tokens: half have fewer than 200, one in ten more than 500.
MEDIAN_TOKENS, SPREAD, FEWEST_TOKENS, MOST_TOKENS = 200, 0.7, 10, 2500
LEXICON = 60_000
EXPORT_BATCH = 32  # texts a request
VERBS = ("trains", "answers")


def reviews(number: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Invents reviews of Zipf-distributed words; their labels are drawn, since no speed depends on them."""
    rng = np.random.default_rng(seed)
    lengths = np.exp(rng.normal(np.log(MEDIAN_TOKENS), SPREAD, size=number))
    lengths = np.clip(lengths, FEWEST_TOKENS, MOST_TOKENS).astype(int)
    lexicon, words = invented_words.draw(rng, LEXICON, int(lengths.sum()))
    texts = [" ".join(lexicon[word] for word in row) for row in np.split(words, np.cumsum(lengths)[:-1])]
    labels = rng.permutation(np.arange(number) % 2)
    return texts, [("neg", "pos")[label] for label in labels]


def keras_model(config: ClassifierConfig, num_words: int) -> keras.Model:
    """Makes the classifier that one writes with Keras alone: the same sizes, no masks, no word dropout.

    Raises:
        ValueError: Keras has no layer for the pooling, or the convolution is left out.
    """
    layers = keras.layers
    token_ids = keras.Input([None], dtype="int32", name="token_ids")
    inputs, features = {"token_ids": token_ids}, [layers.Embedding(num_words, config.word_dim)(token_ids)]
    if pairs := config.word_ngrams - 1:
        inputs["ngram_ids"] = keras.Input([None, pairs], dtype="int32", name="ngram_ids")
        vectors = layers.Embedding(config.ngram_buckets + 1, config.ngram_dim)(inputs["ngram_ids"])
        features.append(layers.Reshape([-1, pairs * config.ngram_dim])(vectors))
    x = layers.Concatenate()(features) if len(features) > 1 else features[0]
    x = layers.GlobalAveragePooling1D()(x) if config.encoder == "ngrams" else _keras_encoded(config, x)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(config.dropout)(x)))
    optimizer = keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm)
    model.compile(optimizer, loss="binary_crossentropy")
    return model


def _keras_encoded(config: ClassifierConfig, x: keras.KerasTensor) -> keras.KerasTensor:
    layers = keras.layers
    pooling = {"max": layers.GlobalMaxPooling1D, "mean": layers.GlobalAveragePooling1D, "last": layers.Identity}
    if config.pooling not in pooling or not config.region_width:
        raise ValueError("the Keras model has a convolution, and pooling that Keras has too: max, mean or last")
    x = layers.SpatialDropout1D(config.dropout)(x)
    x = layers.Conv1D(config.region_filters, config.region_width, padding="same", activation="relu")(x)
    x = layers.MaxPooling1D(config.region_pool, padding="same")(x)
    for depth in range(1, config.depth + 1):
        sequences = depth < config.depth or config.pooling != "last"
        layer = turns.keras_layer(config.cell)(config.units, return_sequences=sequences)
        x = layers.Dropout(config.dropout)(x)
        x = layers.Bidirectional(layer)(x) if config.bidirectional else layer(x)
    return pooling[config.pooling]()(x)


def ready_batches(ours: Classifier, texts: list[str], labels: list[str], training: bool) -> tf.data.Dataset:
    """Returns the recipe's own batches as the tensors that the Keras model reads, kept in memory."""

    def tensors(x: dict[str, tf.Tensor], y: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        inputs = {"token_ids": x["token_ids"]}
        if ours.config.word_ngrams > 1:
            inputs["ngram_ids"] = ours.network.get_layer("word_ngrams")(x["token_ids"])
        return inputs, y["label"][:, tf.newaxis]

    return ours.batches(ours.records(texts, labels), training=training).map(tensors).cache()


def candidates(
    config: ClassifierConfig, texts: list[str], labels: list[str], folder: str
) -> tuple[dict[str, Callable[[int], float]], dict]:
    """Makes both models and the export; returns what to time (round -> seconds), and what the models are."""
    ours = Classifier(config)
    ours.adapt(zoo.datasets.from_texts(texts, labels))
    num_words = len(ours.vocabulary.words) + RESERVED
    theirs = keras_model(config, num_words)
    serve = tf.saved_model.load(str(ours.export(folder)))  # its variables live as long as this object
    to_learn, to_answer = (ready_batches(ours, texts, labels, training) for training in (True, False))
    clock = turns.EpochClock()

    def train_ours(epoch: int) -> float:
        ours.fit(texts, labels, epochs=epoch + 1, initial_epoch=epoch, callbacks=[clock], verbose=0)
        return clock.seconds

    def train_theirs(epoch: int) -> float:
        theirs.fit(to_learn, callbacks=[clock], verbose=0)
        return clock.seconds

    def timed(answer: Callable[[], int]) -> Callable[[int], float]:
        def seconds(epoch: int) -> float:
            begun = time.perf_counter()
            answers = answer()
            taken = time.perf_counter() - begun
            assert answers == len(texts)
            return taken

        return seconds

    def serve_all() -> int:
        requests = (tf.constant(texts[first : first + EXPORT_BATCH]) for first in range(0, len(texts), EXPORT_BATCH))
        return sum(len(serve.signatures["serving_default"](text=request)["label"].numpy()) for request in requests)

    jobs = {
        "zoo trains": train_ours,
        "Keras trains": train_theirs,
        "zoo answers": timed(lambda: len(ours.predict(texts))),
        "Keras answers": timed(lambda: len(theirs.predict(to_answer, verbose=0))),
        "export answers": timed(serve_all),
    }
    facts = {"vocabulary": num_words, "parameters": {"zoo": ours.count_params(), "keras": theirs.count_params()}}
    return jobs, facts


def main(arguments: list[str]) -> None:
    """Prints the speeds, their spread and the ratios."""
    if len(arguments) > 1:
        raise app.UsageError(f"not a flag: {arguments[1]!r}")
    logging.set_verbosity(logging.WARNING)  # TensorFlow reports an export's inner names as information
    number, rounds = _REVIEWS.value, _ROUNDS.value
    texts, labels = reviews(number)
    try:
        changes = parse_assignments(ClassifierConfig, _SET.value)
        # The schedule of the learning rate ends with the last round.
        config = zoo.registry.config("lstm_imdb", **{"epochs": rounds + 1, **changes})
        with tempfile.TemporaryDirectory() as folder:
            jobs, facts = candidates(config, texts, labels, folder)
    except (TypeError, ValueError) as error:
        raise app.UsageError(str(error)) from error
    speeds = turns.measure(jobs, number, rounds)

    sizes = ", ".join(f"{name} {size:,}" for name, size in facts["parameters"].items())
    tokens = sum(len(text.split()) for text in texts) / number
    words = f"{tokens:.0f} tokens on average, {facts['vocabulary']:,} words"
    print(f"{number:,} reviews of {words}, on {', '.join(turns.devices())}")
    print(f"parameters: {sizes}")
    turns.report(speeds, "reviews", VERBS)
    if _JSON.value:
        turns.write_json(_JSON.value, speeds, "reviews", VERBS, **facts, config=config.to_dict())


if __name__ == "__main__":
    app.run(main)
