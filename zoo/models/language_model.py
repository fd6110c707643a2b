"""Language models: how probable a text is, and what might follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.config.language_model import LanguageModelConfig
from zoo.datasets.labelled_texts import from_texts
from zoo.datasets.plain_texts import from_plain_texts
from zoo.decoding.written_text import ScoredText, UnitStates, WrittenText
from zoo.layers.carried_states import CarriedStates
from zoo.layers.decoder import Decoder
from zoo.metrics.perplexity import Bits, Perplexity, TokenMean
from zoo.models.answering import WINDOW, single_text, windows_of_texts
from zoo.models.data_errors import data_errors
from zoo.models.language_network import language_network
from zoo.models.language_serving import language_signatures
from zoo.models.task import Task
from zoo.models.text_probability import token_log_probabilities
from zoo.models.text_writing import check_request, write
from zoo.models.unit_states import unit_states
from zoo.preprocessing import streams
from zoo.preprocessing.batching import streamed
from zoo.preprocessing.language import LanguagePreprocessor, LanguageVocabulary, learn_vocabulary
from zoo.preprocessing.token_codec import unknown, with_ends
from zoo.preprocessing.tokenisation import pad
from zoo.preprocessing.vocabulary import END_ID
from zoo.training.reinjection_schedules import ReinjectionSchedule, linear

_NUMBERED_TOGETHER = 64  # texts: the overhead of an operation is paid once for so many


class _Window(NamedTuple):
    """Texts that are scored together."""

    texts: tf.Tensor
    token_ids: tf.RaggedTensor
    labels: tf.Tensor

    @property
    def lengths(self) -> np.ndarray:
        return self.token_ids.row_lengths().numpy() + 1


@keras.saving.register_keras_serializable(package="zoo")
class LanguageModel(Task):
    """Knows how probable each token of a text is, given those before it.

    Raw records are dictionaries of strings: `text` [], and perhaps `label` [], which then begins the text: its first
    state is the label's.
    """

    config_class = LanguageModelConfig
    vocabulary_class = LanguageVocabulary

    def records(self, x: Any, y: Any = None) -> tf.data.Dataset:
        """Turns what `fit` and `evaluate` take into a dataset of `text` and perhaps `label`.

        Args:
            x: A dataset of raw records, or a list of texts.
            y: With a list, perhaps the label of each text.

        Raises:
            TypeError: Neither of these.
            ValueError: There are no texts, one is empty, or labels differ in number.
        """
        if not isinstance(x, tf.data.Dataset):
            if isinstance(x, (str, bytes)) or not isinstance(x, Iterable):
                raise TypeError("fit and evaluate take a tf.data.Dataset of records, or a list of texts")
            return from_plain_texts(x) if y is None else from_texts(list(x), list(y))
        single_text(x)
        return x.map(lambda record: {name: record[name] for name in ("text", "label") if name in record})

    def learn_vocabulary(self, records: tf.data.Dataset) -> LanguageVocabulary:
        """Counts tokens and collects labels."""
        return learn_vocabulary(records, self.config)

    def make_preprocessor(self, vocabulary: LanguageVocabulary) -> LanguagePreprocessor:
        """Makes the look-up tables and the metrics."""
        if self.config.tokens == "characters":
            self.surprise = Bits(name="bits_per_character")
        else:
            self.surprise = Perplexity()
        self.share_unknown = TokenMean(name="share_unknown")
        return LanguagePreprocessor(self.config, vocabulary)

    def make_network(self) -> keras.Model:
        """Makes the Functional model, what it carries from window to window, and the rate of re-injection."""
        vocabulary = self.preprocessor.vocabulary
        network = language_network(self.config, self.preprocessor.codec.size, len(vocabulary.labels))
        decoder = network.get_layer("decoder")
        self._carried = CarriedStates(decoder.state_sizes, self.config.batch_size, decoder.compute_dtype)
        self._reinjected = tf.Variable(0.0, trainable=False, name="reinjection_rate")
        return network

    @property
    def decoder(self) -> Decoder:
        """The recurrent decoder: its `stepper()` is a step for `zoo.decoding`."""
        self._require_network("decoder")
        return self.network.get_layer("decoder")

    @property
    def in_streams(self) -> bool:
        """Whether training reads all texts as streams, the state carried from text to text."""
        layout = self.config.layout
        return layout == "streams" or (layout == "auto" and self.preprocessor.labels is None)

    # From records to batches.

    def examples(self, records: tf.data.Dataset) -> int:
        """Counts tokens, ends included."""
        lengths = self.prepared(records, training=True).map(lambda record: tf.size(record["inputs"], tf.int64))
        return int(lengths.reduce(tf.constant(0, tf.int64), lambda total, length: total + length))

    def prepared(self, records: tf.data.Dataset, training: bool) -> tf.data.Dataset:
        """Numbers the tokens of every text, many texts at a time."""

        def numbered(batch: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, ...]:
            inputs, targets = with_ends(self.preprocessor.codec.encode(batch["text"]))
            labels = [] if self.preprocessor.labels is None else [self.preprocessor.labels.encode(batch["label"])]
            return inputs.flat_values, targets.flat_values, inputs.row_starts(), inputs.row_limits(), *labels

        def singly(inputs: tf.Tensor, targets: tf.Tensor, *of_each: tf.Tensor) -> tf.data.Dataset:
            rows = tf.data.Dataset.from_tensor_slices(of_each)
            return rows.map(
                lambda start, end, *label: {
                    "inputs": inputs[start:end],
                    "targets": targets[start:end],
                    **({"label": label[0]} if label else {}),
                }
            )

        return records.batch(_NUMBERED_TOGETHER).map(numbered, num_parallel_calls=2).flat_map(singly)

    def length(self, record: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Counts a record's tokens, its end included."""
        return tf.size(record["inputs"])

    def arranged(self, records: tf.data.Dataset, training: bool, batch_size: int | None) -> tf.data.Dataset:
        """Returns windows of streams, or of texts of similar length."""
        config = self.config
        if self.in_streams:
            rows = batch_size or config.batch_size
            if training:  # windows begin elsewhere in every epoch
                shift = tf.random.stateless_uniform([], [config.seed, self._epoch], 0, config.window, tf.int32)
                batches = streams.side_by_side(records, rows, shortest=config.window, shift=shift)
            else:
                batches = streams.side_by_side(records, rows, shortest=config.window, lead=config.window)
        else:
            batches = super().arranged(records, training, batch_size)
        return streams.windows(batches, config.window)

    def tensors(self, batch: Mapping[str, tf.Tensor], training: bool) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Returns the network's inputs, and the tokens to say, int32 [rows, time], 0 where there is none."""
        inputs = {name: batch[name] for name in ("fresh", "label") if name in batch}
        return {**inputs, "token_ids": batch["inputs"], "padding_mask": batch["inputs"] > 0}, batch["targets"]

    # Training.

    def call(self, tensors: Mapping[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns logits [rows, time, tokens]; rows that are not fresh go on from the states of the last call."""
        states = self._carried.read(tf.shape(tensors["token_ids"])[0])
        if training and self.config.reinjection:
            tensors = {**tensors, "token_ids": self._with_own_choices(tensors, states)}
        output = self.network({**tensors, "states": states}, training=training)
        self._carried.keep(output["states"])
        return output["logits"]

    def _with_own_choices(self, tensors: Mapping[str, tf.Tensor], carried: list[tf.Tensor]) -> tf.Tensor:
        """Returns the tokens to read, some of them the model's own choices."""
        tokens = tensors["token_ids"]
        first = self._first_states(tensors.get("label"), tf.shape(tokens)[0])
        states = self.network.get_layer("first_states")(tensors["fresh"], first, carried)
        return self.decoder.reinjected(tokens, states, mask=tensors["padding_mask"], rate=self._reinjected)

    def _first_states(self, labels: tf.Tensor | None, rows: tf.Tensor) -> list[tf.Tensor]:
        """Returns what a text begins with: its label's states, or zeros."""
        bridge = self.network.get_layer("bridge")
        return bridge(tf.zeros([rows, 1]) if labels is None else labels)

    def fit(self, x: Any = None, y: Any = None, *, callbacks: list | None = None, **kwargs: Any) -> Any:
        """Trains on raw records; see `Task.fit`."""
        if self.config.reinjection:
            self.adapt(self.records(x, y))
            last = kwargs.get("epochs") or self.config.epochs
            limit = self.config.reinjection
            schedule = linear(limit / max(last - 1, 1), limit=limit)
            callbacks = [ReinjectionSchedule(schedule, self._reinjected), *(callbacks or [])]
        return super().fit(x, y, callbacks=callbacks, **kwargs)

    def loss_terms(self, x: Mapping[str, tf.Tensor], y: tf.Tensor, y_pred: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Nats a token."""
        values = tf.nn.sparse_softmax_cross_entropy_with_logits(y, tf.cast(y_pred, tf.float32))
        weights = tf.cast(y > 0, tf.float32)
        return values * weights, weights

    def update_evaluation(self, x: Mapping[str, tf.Tensor], y: tf.Tensor, y_pred: tf.Tensor) -> None:
        """Counts bits or perplexity, and tokens that are not known."""
        values, weights = self.loss_terms(x, y, y_pred)
        self.surprise.update_state(values, weights)
        self.share_unknown.update_state(unknown(y), weights)

    # Answers.

    def score(self, x: Any, labels: Sequence[str] | None = None, batch_size: int | None = None) -> list[ScoredText]:
        """Says how probable texts are, so that "the apple and pear salad" can be compared with "pair salad".

        Args:
            x: A list of texts, or a dataset of records.
            labels: With a list, the label of each, where the model has learnt texts that begin with one.
            batch_size: Texts a step.

        Returns:
            A `ScoredText` for each, in the order given.

        Raises:
            ValueError: The task has not been fitted, a label is missing or unknown.
            TypeError: `x` is something else.
        """
        return self.predict(x if labels is None else from_texts(list(x), list(labels)), batch_size)

    def windows(self, x: Any) -> Iterator[_Window]:
        """Cuts a list of texts, or a dataset of records, into windows of numbered texts."""
        codec, labels = self.preprocessor.codec, self.preprocessor.labels
        if labels is None:
            for texts in windows_of_texts(x):
                yield _Window(texts, codec.encode(texts), tf.zeros_like(texts, tf.int32))
            return
        if not isinstance(x, tf.data.Dataset) or "label" not in x.element_spec:
            raise ValueError("this model's texts begin with a label: use score(texts, labels), or records with `label`")
        for batch in streamed(self.records(x).batch(WINDOW)):
            with data_errors():
                numbers = labels.encode(batch["label"])
            yield _Window(batch["text"], codec.encode(batch["text"]), numbers)

    def answer(self, window: _Window, rows: np.ndarray) -> list[ScoredText]:
        """Scores some texts of a window."""
        if not hasattr(self, "_compiled_probabilities"):
            signature = [tf.TensorSpec([None, None], tf.int32), *[tf.TensorSpec([None], tf.int32)] * 2]
            self._compiled_probabilities = tf.function(self.probabilities, signature, autograph=False)
        ids = tf.gather(window.token_ids, rows)
        lengths = tf.cast(ids.row_lengths(), tf.int32)
        of_tokens = self._compiled_probabilities(pad(ids), lengths, tf.gather(window.labels, rows)).numpy()
        texts = tf.gather(window.texts, rows).numpy()
        not_known = tf.reduce_sum(tf.cast(unknown(ids), tf.int32), axis=1).numpy()
        return [
            ScoredText(
                text.decode("utf-8", "replace"), float(part[: n + 1].sum()), part[: n + 1].tolist(), int(missing)
            )
            for text, part, n, missing in zip(texts, of_tokens, lengths.numpy(), not_known, strict=True)
        ]

    def probabilities(self, token_ids: tf.Tensor, lengths: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns log P of each token and of the end, in the graph.

        Args:
            token_ids: int32 [rows, time], padded with 0 on the right.
            lengths: int32 [rows], tokens of each row.
            labels: int32 [rows]; not read where texts begin with none.

        Returns:
            float32 [rows, time + 1], in nats, 0 behind the end.
        """
        inputs, targets = (part.to_tensor() for part in with_ends(tf.RaggedTensor.from_tensor(token_ids, lengths)))
        states = self._first_states(None if self.preprocessor.labels is None else labels, tf.shape(inputs)[0])
        return token_log_probabilities(self.decoder, states, inputs, targets)

    def generate(
        self,
        prompt: str | Sequence[str] = "",
        length: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
        label: str | Sequence[str] | None = None,
    ) -> WrittenText | list[WrittenText]:
        """Goes on from a text, drawing one token after the other in one graph.

        Args:
            prompt: What comes before; one text, or a list of texts that are gone on with side by side.
            length: Tokens to write at most; a text that the model ends is shorter.
            temperature: Below 1 keeps to what is probable, above 1 strays; 0 always takes the most probable token.
            top_k: Only so many most probable tokens may be drawn; None for all.
            top_p: Only the fewest most probable tokens whose probabilities sum to this may be drawn; None for all.
            seed: Of the draws: the same call writes the same texts.
            label: The label, or one for each prompt, where the model has learnt texts that begin with one.

        Returns:
            A `WrittenText`, or a list of them where `prompt` is a list.

        Raises:
            ValueError: The task has not been fitted, a number is out of its range, or a label is missing or unknown.
        """
        self._require_network("generate")
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        labels = [label] * len(prompts) if label is None or isinstance(label, str) else list(label)
        check_request(
            prompts, labels, self.vocabulary.labels, length=length, temperature=temperature, top_k=top_k, top_p=top_p
        )
        if not prompts:
            return []
        if not hasattr(self, "_compiled_write"):
            self._compiled_write = tf.function(self.write, autograph=False)
        numbers = [self.vocabulary.labels.index(name) if name is not None else 0 for name in labels]
        texts, counts, log_probabilities, ended = self._compiled_write(
            tf.constant([text.encode(errors="replace") for text in prompts]), tf.constant(numbers), tf.constant(length),
            tf.constant(temperature, tf.float32), tf.constant(top_k or 0) if top_k else None,
            None if top_p is None else tf.constant(top_p, tf.float32), tf.constant(seed, tf.int64),
        )  # fmt: skip
        del counts
        parts = (texts.numpy(), log_probabilities.numpy().tolist(), ended.numpy().tolist())
        written = [
            WrittenText(before, text.decode(), log_probability, end)
            for before, text, log_probability, end in zip(prompts, *parts, strict=True)
        ]
        return written[0] if isinstance(prompt, str) else written

    def write(
        self,
        prompts: tf.Tensor,
        labels: tf.Tensor,
        length: tf.Tensor,
        temperature: tf.Tensor,
        top_k: tf.Tensor | None,
        top_p: tf.Tensor | None,
        seed: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Goes on from texts, in the graph; see `generate`.

        Args:
            prompts: Strings [rows].
            labels: int32 [rows]; not read where texts begin with none.
            length: int32 scalar.
            temperature: float32 scalar.
            top_k: int32 scalar, or None.
            top_p: float32 scalar, or None.
            seed: int64 scalar.

        Returns:
            What is written, strings [rows]; how many tokens that is, the end included, int32 [rows]; their
            log-probabilities, float32 [rows]; and whether the texts ended, bool [rows].
        """
        codec = self.preprocessor.codec
        inputs, _ = with_ends(codec.encode(prompts))
        states = self._first_states(None if self.preprocessor.labels is None else labels, tf.shape(prompts)[0])
        lengths = tf.cast(inputs.row_lengths(), tf.int32)
        decoded = write(
            self.decoder, states, inputs.to_tensor(), lengths, length=length, temperature=temperature, top_k=top_k,
            top_p=top_p, seed=seed,
        )  # fmt: skip
        ended = tf.reduce_any(decoded.tokens == END_ID, axis=1)
        return codec.continuation(prompts, decoded.tokens), decoded.lengths, decoded.log_probabilities, ended

    def unit_states(self, text: str, layer: int = -1, label: str | None = None) -> UnitStates:
        """Reads a text and keeps what every unit of a layer holds after each token.

        Karpathy, Johnson & Fei-Fei 2015, "Visualizing and understanding recurrent networks": of an LSTM it is the
        memory, tanh(c), in which single units have been found that follow quotes, line lengths or indentation.

        Args:
            text: The text.
            layer: Which recurrent layer, from 0; -1 is the uppermost.
            label: The text's label, where the model has learnt texts that begin with one.

        Returns:
            The states.

        Raises:
            ValueError: The task has not been fitted, the text has no token, or there is no such layer.
        """
        self._require_network("unit_states")
        check_request([text], [label], self.vocabulary.labels)
        codec, depth = self.preprocessor.codec, len(self.decoder.layers)
        if not -depth <= layer < depth:
            raise ValueError(f"unit_states: layer must be between {-depth} and {depth - 1}, got {layer}")
        inputs, _ = with_ends(codec.encode(tf.constant([text.encode(errors="replace")])))
        if inputs.row_lengths()[0] < 2:
            raise ValueError("unit_states: the text has no token")
        number = None if label is None else tf.constant([self.vocabulary.labels.index(label)])
        values = unit_states(self.decoder, self._first_states(number, 1), inputs.to_tensor(), layer % depth)
        return UnitStates(codec.pieces(text), values.numpy()[1:], layer % depth)

    def signatures(self) -> dict[str, Callable]:
        """Returns `serving_default`, which scores texts, and `generate`, which goes on from them."""
        return language_signatures(self)
