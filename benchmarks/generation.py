"""Characters a second of `generate`, from the model and from its export, beside loops over a plain Keras model.

    python benchmarks/generation.py
    python benchmarks/generation.py --rounds=9 --json=generation.json

`zoo.get("lstm_char_lm")` learns the alphabet of the embedded text and keeps its random weights; only the end of a text
is made impossible, so that all texts are as long as asked for. It is measured as people call it, strings in and strings
out, at temperature 1. Its peers are Python's loops over a stateful Keras model with the same weights, tokens in and
tokens out: `predict` once a character; the model called once a character; and, which is the careful way, a compiled
step that draws too. Before anything is timed, all must write the same most probable characters. All take turns in every
round.

What bounds them is measured in the same rounds. Each step reads all weights, so that it cannot be faster than these
come from memory or, where nothing pushes them out, from the cache. And it has its matrix products to make: their time
is that of the recurrent product alone, in the same loop without anything else, and of the output layer's in proportion.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import machine
import numpy as np
import tensorflow as tf
import turns
from absl import app, flags, logging
from layer_tables import markdown

import zoo
from zoo.models.language.language_model import LanguageModel
from zoo.preprocessing.vocabulary import BEGIN_ID, RESERVED_WITH_ENDS

_UNITS = flags.DEFINE_integer("units", 512, "Units of the one LSTM layer.", lower_bound=1)
_STREAMS = flags.DEFINE_list("streams", ["1", "64"], "How many texts are written side by side.")
_CHARACTERS = flags.DEFINE_integer("characters", 400, "Characters of each text.", lower_bound=1)
_KERAS_CHARACTERS = flags.DEFINE_integer("keras_characters", 20, "The same with predict and model(x).", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Timed rounds; the figures are their medians.", lower_bound=1)
_JSON = flags.DEFINE_string("json", None, "File for all figures of all rounds.")

MODEL, EXPORT = "zoo, generate", "zoo, exported"
PREDICT, CALL, STEP = "Keras, predict", "Keras, model(x)", "Keras, compiled step"
MEMORY, CACHE, PRODUCT = "read from memory", "read from cache", "recurrent product"
TARGETS, TARGET_UNITS = {1: 1500, 64: 15_000}, 512  # characters a second of all streams together, on two cores
PROMPT = "The "
CHECKED = 12  # characters that all must agree on
BEYOND_CACHE = 1 << 28  # bytes
PRODUCTS = 100

Job = Callable[[int], float]
"""What `turns.measure` times: it takes the round's number and returns seconds a character, a byte or a product."""


def language_model(units: int) -> LanguageModel:
    """Makes the recipe's model with random weights, whose texts never end."""
    model = zoo.get("lstm_char_lm", units=units)
    model.adapt(zoo.datasets.load("language_reference", split="train"))
    bias = model.decoder.bias.numpy()
    bias[:RESERVED_WITH_ENDS] = -1e9  # with the end, what `generate` itself forbids and Keras' peers would draw
    model.decoder.bias.assign(bias)
    return model


def exported(model: LanguageModel, folder: str) -> Callable[[int, int, float], dict[str, tf.Tensor]]:
    """Exports a model, loads it again and returns its `generate`, of so many streams, characters and a temperature."""
    loaded = tf.saved_model.load(str(model.export(folder)))

    def generate(streams: int, characters: int, temperature: float) -> dict[str, tf.Tensor]:
        return loaded.signatures["generate"](  # the variables live as long as `loaded`
            text=tf.constant([PROMPT] * streams), length=tf.constant(characters), temperature=tf.constant(temperature),
            top_k=tf.constant(0), top_p=tf.constant(1.0), seed=tf.constant(0, tf.int64),
        )  # fmt: skip

    return generate


class KerasPeer:
    """A stateful Keras model that reads one character at a time, with the weights of ours.

    Args:
        model: Ours.
        streams: Texts side by side.
    """

    def __init__(self, model: LanguageModel, streams: int) -> None:
        """Makes the model and compiles its step."""
        decoder, cell = model.decoder, model.decoder.layers[0].cell
        self.streams = streams
        self.prompt = [BEGIN_ID, *model.preprocessor.codec.encode(tf.constant([PROMPT]))[0].numpy()]
        self.lstm = keras.layers.LSTM(cell.units, stateful=True)
        embedding = keras.layers.Embedding(decoder.vocabulary_size, decoder.embedding_dim)
        dense = keras.layers.Dense(decoder.vocabulary_size)
        inputs = keras.Input(batch_shape=(streams, 1), dtype="int32")
        self.model = keras.Sequential([inputs, embedding, self.lstm, dense])
        parts = (decoder.embeddings, cell.kernel, cell.recurrent_kernel, cell.bias, decoder.kernel, decoder.bias)
        self.model.set_weights([part.numpy() for part in parts])
        self._rng = np.random.default_rng(0)
        self.step = tf.function(
            lambda tokens: tf.random.categorical(self.model(tokens), 1, dtype=tf.int32), autograph=False
        )

    def predict(self, tokens: np.ndarray) -> np.ndarray:
        """Returns logits by `predict`."""
        return self.model.predict(tokens, batch_size=self.streams, verbose=0)

    def call(self, tokens: np.ndarray) -> np.ndarray:
        """Returns logits by a call."""
        return self.model(tf.constant(tokens, tf.int32)).numpy()

    def most_probable(self, characters: int) -> np.ndarray:
        """Writes the most probable characters after the prompt, int `[streams, characters]`."""
        self.lstm.reset_state()
        tokens = np.array([self.prompt] * self.streams)
        for place in range(len(self.prompt) - 1 + characters):
            chosen = np.argmax(self.call(tokens[:, place : place + 1]), axis=-1)
            if place + 1 == tokens.shape[1]:
                tokens = np.concatenate([tokens, chosen[:, np.newaxis]], axis=1)
        return tokens[:, len(self.prompt) :]

    def draws(self, logits: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
        """Returns a step that draws from logits, by the Gumbel-max trick."""

        def step(tokens: np.ndarray) -> np.ndarray:
            found = logits(tokens)
            return np.argmax(found + self._rng.gumbel(size=found.shape), axis=-1)[:, np.newaxis]

        return step


def candidates(model: LanguageModel, serve: Callable, streams: int) -> dict[str, Job]:
    """Makes all that write, for a number of streams; ends the program unless they agree on what is most probable."""
    prompts, characters = [PROMPT] * streams, _CHARACTERS.value
    peer, codec = KerasPeer(model, streams), model.preprocessor.codec
    texts = {
        PREDICT: codec.decode(tf.constant(peer.most_probable(CHECKED), tf.int32)).numpy().tolist(),
        MODEL: [text.text.encode() for text in model.generate(prompts, length=CHECKED, temperature=0.0)],
        EXPORT: serve(streams, CHECKED, 0.0)["continuation"].numpy().tolist(),
    }
    for name, written in texts.items():
        if written != texts[PREDICT]:
            sys.exit(f"{name} writes {written[0]!r} and {PREDICT} {texts[PREDICT][0]!r}; nothing was timed")

    def by_model(turn: int) -> float:
        begun = time.perf_counter()
        written = model.generate(prompts, length=characters, seed=turn)
        seconds = time.perf_counter() - begun
        assert all(len(text.text) == characters for text in written)
        return seconds / (streams * characters)

    def by_export(turn: int) -> float:
        del turn
        begun = time.perf_counter()
        tokens = {name: part.numpy() for name, part in serve(streams, characters, 1.0).items()}["tokens"]
        seconds = time.perf_counter() - begun
        assert np.all(tokens == characters)
        return seconds / (streams * characters)

    def by_keras(step: Callable, first: np.ndarray | tf.Tensor, characters: int = _KERAS_CHARACTERS.value) -> Job:
        def loop() -> None:
            tokens = first
            for _ in range(characters):
                tokens = step(tokens)
            np.asarray(tokens)

        return _timed(loop, streams * characters)

    first = np.full([streams, 1], peer.prompt[-1])
    loops = {
        STEP: by_keras(peer.step, tf.constant(first, tf.int32), characters),
        CALL: by_keras(peer.draws(peer.call), first),
        PREDICT: by_keras(peer.draws(peer.predict), first),
    }
    return {MODEL: by_model, EXPORT: by_export, **loops}


def reading(size: int) -> Job:
    """Makes the reading of so many bytes, a part on every core, until a quarter of a gibibyte is read.

    The largest of many numbers takes nothing but reading them. A thread reads its part again without waiting for the
    others, which would take longer than what is in the cache.
    """
    parts = np.array_split(np.ones(size // 4, np.float32), machine.cores())
    times = -(-BEYOND_CACHE // size)
    threads = ThreadPoolExecutor(len(parts))

    def read(part: np.ndarray) -> None:
        for _ in range(times):
            part.max()

    return _timed(lambda: list(threads.map(read, parts)), times * size)


def products(streams: int, units: int) -> Job:
    """Makes recurrent products alone, h <- h U, `[streams, units]` by `[units, 4 units]`, in a loop as exports have."""
    orthogonal = np.linalg.qr(np.random.default_rng(0).normal(size=(units, units)))[0]  # h keeps its length
    kernel = tf.constant(np.tile(orthogonal / 4, 4).astype(np.float32))

    @tf.function(autograph=False)
    def loop(h: tf.Tensor) -> tf.Tensor:
        def once(time: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return time + 1, tf.add_n(tf.split(tf.matmul(h, kernel), 4, axis=1))

        return tf.while_loop(lambda time, h: time < PRODUCTS, once, (tf.constant(0), h))[1]

    h = tf.random.normal([streams, units])
    return _timed(lambda: loop(h).numpy(), PRODUCTS)


def _timed(work: Callable[[], object], amount: int) -> Job:
    def job(turn: int) -> float:
        del turn
        begun = time.perf_counter()
        work()
        return (time.perf_counter() - begun) / amount

    return job


def table(speeds: dict[tuple[int, str], list[float]], streams: int) -> str:
    """Returns the figures of all that write so many streams."""
    rows = []
    for name in (MODEL, EXPORT, STEP, CALL, PREDICT):
        values = speeds[streams, name]
        times = [a / b for a, b in zip(values, speeds[streams, PREDICT], strict=True)]
        spread = f"{min(values):,.0f} to {max(values):,.0f}"
        rows.append((name, f"{statistics.median(values):,.0f}", spread, f"{statistics.median(times):,.1f}"))
    header = (f"{streams} stream{'s' * (streams > 1)}", "characters/s", "lowest to highest", "times predict's")
    return markdown(header, rows)


def bounds(speeds: dict[tuple[int, str], list[float]], streams: int, units: int, vocabulary: int) -> dict[str, float]:
    """Returns what bounds so many streams, in characters a second, by name with what was measured."""
    memory, cache, product = (statistics.median(speeds[key]) for key in ((0, MEMORY), (0, CACHE), (streams, PRODUCT)))
    size = weights_read(units, vocabulary)
    weights = f"{size / 1e6:.1f} MB of weights a step"
    flops = product * 2 * streams * units * 4 * units
    share = 4 * units / (4 * units + vocabulary)  # of a step's operations that are the recurrent product's
    return {
        f"{weights}, from memory at {memory / 1e9:.1f} GB/s": streams * memory / size,
        f"{weights}, from the cache at {cache / 1e9:.1f} GB/s": streams * cache / size,
        f"products alone, [{streams}, {units}] x [{units}, {4 * units}] at {flops / 1e9:.1f} GFLOP/s": (
            streams * share * product
        ),
    }


def weights_read(units: int, vocabulary: int) -> int:
    """Returns the bytes of the recurrent kernel and the output layer's, which a step reads whole."""
    return 4 * units * (4 * units + vocabulary)


def main(arguments: list[str]) -> None:
    """Prints the speeds, their spread, the ratios and the bounds."""
    if len(arguments) > 1:
        raise app.UsageError(f"not a flag: {arguments[1]!r}")
    if not _STREAMS.value or not all(number.isdigit() and int(number) > 0 for number in _STREAMS.value):
        raise app.UsageError(f"--streams: {','.join(_STREAMS.value)!r} is not a list of numbers, as in 1,64")
    logging.set_verbosity(logging.WARNING)
    units, numbers = _UNITS.value, [int(number) for number in _STREAMS.value]
    model = language_model(units)
    vocabulary = model.decoder.vocabulary_size
    jobs: dict[tuple[int, str], Job] = {
        (0, MEMORY): reading(BEYOND_CACHE), (0, CACHE): reading(weights_read(units, vocabulary)),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        serve = exported(model, folder)
        for streams in numbers:
            jobs |= {(streams, name): job for name, job in candidates(model, serve, streams).items()}
            jobs[streams, PRODUCT] = products(streams, units)
    speeds = turns.measure(jobs, 1, _ROUNDS.value)

    facts = machine.describe(("tensorflow", "keras", "numpy"))
    print("\n".join(f"{name}: {fact}" for name, fact in facts.items()))
    print(f"one LSTM layer of {units} units, {vocabulary} tokens, {model.count_params():,} parameters")
    print(f"texts of {_CHARACTERS.value} characters, of {_KERAS_CHARACTERS.value} with predict and model(x)")
    print(f"medians of {_ROUNDS.value} rounds")
    figures = {}
    for streams in numbers:
        limits = bounds(speeds, streams, units, vocabulary)
        print(f"\n{table(speeds, streams)}\n")
        served = statistics.median(speeds[streams, EXPORT])
        for name, limit in limits.items():
            print(f"bound {limit:9,.0f} characters/s, of which the export reaches {served / limit:4.0%}: {name}")
        if units == TARGET_UNITS and (target := TARGETS.get(streams)):
            met = all(statistics.median(speeds[streams, name]) >= target for name in (MODEL, EXPORT))
            print(f"target {target:,} characters/s from both model and export: {'met' if met else 'missed'}")
        rounds = {name: values for (number, name), values in speeds.items() if number == streams}
        figures[streams] = {"per_second": rounds, "bounds": limits}
    if _JSON.value:
        read = {name: speeds[0, name] for name in (MEMORY, CACHE)}
        text = json.dumps({"machine": facts, "units": units, "streams": figures, "bytes_per_second": read}, indent=1)
        Path(_JSON.value).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    app.run(main)
