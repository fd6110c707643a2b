"""Dialogues a second of `zoo.get("hred_dialog")` in training, beside a plain Keras model of the same size; and replies.

    python benchmarks/dialogue.py
    python benchmarks/dialogue.py --set cell=lstm --set units=256 --json=dialogue.json

The recipe is measured as people use it: from raw turns through the input pipeline to the optimizer's step, and from
the turns so far to the best reply, by the exported model and its beam search; that one is untrained, so the length of
its replies, which their speed depends on, is printed too. The Keras model gets the very same batches as ready tensors,
padded to [batch, turns, words], and is fitted; it has no masks, and gives the padding no weight. All take turns in
every round, after an untimed warm-up. What is measured is larger than the recipe's default, which is made for the
embedded dialogues, and its output layer is its own, since Keras has no layer that shares its embeddings.
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
from zoo.config.dialogue_model import DialogueModelConfig
from zoo.config.fields import parse_assignments
from zoo.models.dialogue.dialogue_model import DialogueModel

_DIALOGUES = flags.DEFINE_integer("dialogues", 512, "Dialogues an epoch, and as many to reply to.", lower_bound=32)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Timed rounds; the figures are their medians.", lower_bound=1)
_SET = flags.DEFINE_multi_string("set", [], "Any field of the configuration, as field=value; repeatable.")
_JSON = flags.DEFINE_string("json", None, "File for all figures.")

# About the lengths of DailyDialog: eight turns a dialogue, of some fourteen words.
TURNS, FEWEST_TURNS = 8, 2
MEDIAN_WORDS, SPREAD, MOST_WORDS = 11, 0.7, 50
LEXICON = 20_000
EXPORT_BATCH = 32  # dialogues a request
VERBS = ("trains",)
MEASURED = {"tied": False, "encoder_units": 128, "context_units": 256, "batch_size": 12}


def dialogues(number: int, seed: int = 0) -> list[list[str]]:
    """Invents dialogues of Zipf-distributed words."""
    rng = np.random.default_rng(seed)
    counts = FEWEST_TURNS + rng.poisson(TURNS - FEWEST_TURNS, size=number)
    lengths = np.exp(rng.normal(np.log(MEDIAN_WORDS), SPREAD, size=counts.sum()))
    lengths = np.clip(lengths, 1, MOST_WORDS).astype(int)
    lexicon, words = invented_words.draw(rng, LEXICON, int(lengths.sum()))
    said = [" ".join(lexicon[word] for word in row) for row in np.split(words, np.cumsum(lengths)[:-1])]
    return [list(part) for part in np.split(np.array(said, object), np.cumsum(counts)[:-1])]


class KerasHierarchy(keras.Model):
    """The hierarchical model that one writes with Keras alone: the same sizes, no masks.

    Raises:
        ValueError: Keras has no layer for a part of the configuration.
    """

    def __init__(self, config: DialogueModelConfig, num_words: int) -> None:
        """Makes the layers and compiles the model."""
        super().__init__()
        layers = keras.layers
        pooling = {"max": layers.GlobalMaxPooling1D, "mean": layers.GlobalAveragePooling1D, "last": layers.Identity}
        if config.context != "hierarchy" or config.pooling not in pooling or config.tied:
            raise ValueError("the Keras model is a hierarchy, pools by max, mean or last, and ties no embeddings")
        layer = turns.keras_layer(config.cell)
        self.embedding = layers.Embedding(num_words, config.word_dim)
        encoder = layer(config.encoder_units, return_sequences=config.pooling != "last")
        self.encoder = layers.Bidirectional(encoder) if config.bidirectional else encoder
        self.pooling = pooling[config.pooling]()
        self.context = layer(config.context_units, return_sequences=True)
        self.decoders = [layer(config.units, return_sequences=True) for _ in range(config.depth)]
        states = 2 if layer is layers.LSTM else 1
        self.bridges = [[layers.Dense(config.units, "tanh") for _ in range(states)] for _ in self.decoders]
        self.dropout = layers.Dropout(config.dropout)
        self.read_out = layers.Dense(num_words)
        optimizer = keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm)
        self.compile(optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)

    def call(self, tensors: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns logits [batch, turns, words, vocabulary] of `token_ids` and `inputs` [batch, turns, words]."""
        ops = keras.ops
        rows, words = ops.shape(tensors["inputs"])[1:]
        heard, said = (
            self.dropout(self.embedding(ops.reshape(tensors[name], (-1, words))), training=training)
            for name in ("token_ids", "inputs")
        )
        vectors = self.pooling(self.encoder(heard))
        contexts = self.context(ops.reshape(vectors, (-1, rows, vectors.shape[-1])))
        before = ops.pad(contexts[:, :-1], [[0, 0], [1, 0], [0, 0]])
        before = ops.reshape(before, (-1, contexts.shape[-1]))
        x = ops.concatenate([said, ops.repeat(before[:, None], words, axis=1)], axis=-1)
        for decoder, bridges in zip(self.decoders, self.bridges, strict=True):
            x = self.dropout(decoder(x, initial_state=[bridge(before) for bridge in bridges]), training=training)
        logits = self.read_out(x)
        return ops.reshape(logits, (-1, rows, words, logits.shape[-1]))


def ready_batches(ours: DialogueModel, said: list[list[str]]) -> tf.data.Dataset:
    """Returns the recipe's own batches as the tensors that the Keras model reads, kept in memory."""

    def tensors(x: dict[str, tf.Tensor], y: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        return x, y["words"], tf.cast(y["words"] > 0, tf.float32)

    return ours.batches(ours.records(said), training=True).map(tensors).cache()


def candidates(
    config: DialogueModelConfig, said: list[list[str]], folder: str
) -> tuple[dict[str, Callable[[int], float]], dict]:
    """Makes both models and the export; returns what to time (round -> seconds), and what the models are."""
    ours = DialogueModel(config)
    ours.adapt(ours.records(said))
    num_words = ours.preprocessor.tokens.size
    theirs = KerasHierarchy(config, num_words)
    serve = tf.saved_model.load(str(ours.export(folder)))  # its variables live as long as this object
    to_learn = ready_batches(ours, said)
    theirs(next(iter(to_learn))[0])  # which makes its weights
    histories = sorted((dialogue[:-1] for dialogue in said), key=len)
    requests = [
        tf.ragged.constant(histories[first : first + EXPORT_BATCH]).to_tensor()
        for first in range(0, len(histories), EXPORT_BATCH)
    ]
    facts = {"vocabulary": num_words, "parameters": {"zoo": ours.count_params(), "keras": theirs.count_params()}}
    clock = turns.EpochClock()

    def train_ours(epoch: int) -> float:
        ours.fit(said, epochs=epoch + 1, initial_epoch=epoch, callbacks=[clock], verbose=0)
        return clock.seconds

    def train_theirs(epoch: int) -> float:
        theirs.fit(to_learn, callbacks=[clock], verbose=0)
        return clock.seconds

    def reply(epoch: int) -> float:
        begun = time.perf_counter()
        replies = [serve.signatures["serving_default"](turns=request)["reply"].numpy() for request in requests]
        taken = time.perf_counter() - begun
        facts["reply_words"] = sum(len(text.split()) for batch in replies for text in batch) / len(said)
        return taken

    jobs = {"zoo trains": train_ours, "Keras trains": train_theirs, "export replies": reply}
    return jobs, facts


def main(arguments: list[str]) -> None:
    """Prints the speeds, their spread and the ratio."""
    if len(arguments) > 1:
        raise app.UsageError(f"not a flag: {arguments[1]!r}")
    logging.set_verbosity(logging.WARNING)  # TensorFlow reports an export's inner names as information
    number, rounds = _DIALOGUES.value, _ROUNDS.value
    said = dialogues(number)
    try:
        changes = parse_assignments(DialogueModelConfig, _SET.value)
        # The schedule of the learning rate ends with the last round.
        config = zoo.registry.config("hred_dialog", **{**MEASURED, "epochs": rounds + 1, **changes})
        with tempfile.TemporaryDirectory() as folder:
            jobs, facts = candidates(config, said, folder)
    except (TypeError, ValueError) as error:
        raise app.UsageError(str(error)) from error
    speeds = turns.measure(jobs, number, rounds)

    sizes = ", ".join(f"{name} {size:,}" for name, size in facts["parameters"].items())
    in_all = sum(map(len, said))
    words = sum(len(turn.split()) for dialogue in said for turn in dialogue) / in_all
    told = f"{in_all / number:.1f} turns of {words:.1f} words, {facts['vocabulary']:,} different ones"
    print(f"{number:,} dialogues of {told}, on {', '.join(turns.devices())}")
    print(f"parameters: {sizes}")
    print(f"replies of {facts['reply_words']:.1f} words, the best of {config.beam_width} beams")
    turns.report(speeds, "dialogues", VERBS)
    if _JSON.value:
        turns.write_json(_JSON.value, speeds, "dialogues", VERBS, **facts, config=config.to_dict())


if __name__ == "__main__":
    app.run(main)
