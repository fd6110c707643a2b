"""What a language model answers: probabilities of texts, texts that go on, states of units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.decoding.written_text import ScoredText, UnitStates, WrittenText
from zoo.layers.decoder import Decoder
from zoo.models.answering import WINDOW, windows_of_texts
from zoo.models.data_errors import data_errors
from zoo.models.drawing import Settings
from zoo.models.language.serving import language_signatures
from zoo.models.language.text_probability import token_log_probabilities
from zoo.models.language.text_writing import labels_of, write
from zoo.models.language.unit_states import unit_states
from zoo.preprocessing.batching import streamed
from zoo.preprocessing.token_codec import unknown, with_ends
from zoo.preprocessing.tokenisation import pad
from zoo.preprocessing.vocabulary import END_ID


class _Window(NamedTuple):
    """Texts that are scored together."""

    texts: tf.Tensor
    token_ids: tf.RaggedTensor
    labels: tf.Tensor

    @property
    def lengths(self) -> np.ndarray:
        return self.token_ids.row_lengths().numpy() + 1


class LanguageAnswers:
    """The answering half of `LanguageModel`."""

    @property
    def decoder(self) -> Decoder:
        """The recurrent decoder: its `stepper()` is a step for `zoo.decoding`."""
        self._require_network("decoder")
        return self.network.get_layer("decoder")

    def _first_states(self, labels: tf.Tensor | None, rows: tf.Tensor) -> list[tf.Tensor]:
        """Returns what a text begins with: its label's states, or zeros."""
        bridge = self.network.get_layer("bridge")
        return bridge(tf.zeros([rows, 1]) if labels is None else labels)

    def score(
        self, x: Any, labels: str | Sequence[str] | None = None, batch_size: int | None = None
    ) -> list[ScoredText]:
        """Says how probable texts are, so that "the apple and pear salad" can be compared with "pair salad".

        Args:
            x: A list of texts, or a dataset of records.
            labels: With a list, the label of each or one for all, where the model has learnt texts that begin with one.
            batch_size: Texts a step.

        Returns:
            A `ScoredText` for each, in the order given.

        Raises:
            ValueError: The task has not been fitted, a label is missing or unknown, or labels come with a dataset.
            TypeError: `x` is something else.
        """
        self._require_network("score")
        if isinstance(x, tf.data.Dataset):
            if labels is not None:
                raise ValueError("score: a dataset's records bring their labels; leave out labels, or give a list")
        elif isinstance(x, (str, bytes, Mapping)) or not isinstance(x, Iterable):
            raise TypeError(f"score takes a list of texts, not {type(x).__name__}: write [{x!r}]")
        elif labels is not None:
            x = list(x)
            labels = labels_of(x, labels, self.vocabulary.labels, "score")
            if not x:
                return []
            x = tf.data.Dataset.from_tensor_slices({"text": [_bytes(text) for text in x], "label": labels})
        return self.predict(x, batch_size)

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
        numbers = tf.TensorSpec([None], tf.int32)
        probabilities = self.in_graph(self.probabilities, tf.TensorSpec([None, None], tf.int32), numbers, numbers)
        ids = tf.gather(window.token_ids, rows)
        lengths = tf.cast(ids.row_lengths(), tf.int32)
        of_tokens = probabilities(pad(ids), lengths, tf.gather(window.labels, rows)).numpy()
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
        inputs, targets = (pad(part) for part in with_ends(tf.RaggedTensor.from_tensor(token_ids, lengths)))
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
            seed: Of the draws: the same call writes the same texts. A prompt's draws depend on its place in the list.
            label: The label, or one for each prompt, where the model has learnt texts that begin with one.

        Returns:
            A `WrittenText`, or a list of them where `prompt` is a list.

        Raises:
            ValueError: The task has not been fitted, a number is out of its range, or a label is missing or unknown.
            TypeError: A prompt or a number is something else.
        """
        self._require_network("generate")
        settings = Settings.of("generate", length=length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
        if not isinstance(prompt, (str, Sequence)):
            raise TypeError(f"generate: prompt must be a text or a list of texts, got {prompt!r}")
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        labels = labels_of(prompts, label, self.vocabulary.labels, "generate")
        if not prompts:
            return []
        numbers = [0] * len(prompts) if labels is None else [self.vocabulary.labels.index(name) for name in labels]
        texts, numbers_spec = tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.int32)
        write_all = self.in_graph(self.write, texts, numbers_spec, *Settings.signature())
        texts, _, log_probabilities, ended = write_all(
            tf.constant([_bytes(text) for text in prompts]), tf.constant(numbers), *settings.tensors()
        )
        parts = (texts.numpy(), log_probabilities.numpy().tolist(), ended.numpy().tolist())
        written = [
            WrittenText(before, text.decode(), log_probability, end)
            for before, text, log_probability, end in zip(prompts, *parts, strict=True)
        ]
        return written[0] if isinstance(prompt, str) else written

    def write(
        self, prompts: tf.Tensor, labels: tf.Tensor, *settings: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Goes on from texts, in the graph; see `generate`.

        Args:
            prompts: Strings [rows].
            labels: int32 [rows]; not read where texts begin with none.
            *settings: Scalars as `zoo.models.drawing.Settings.signature` has them.

        Returns:
            What is written, strings [rows]; how many tokens that is, the end included, int32 [rows]; their
            log-probabilities, float32 [rows]; and whether the texts ended, bool [rows].
        """
        codec = self.preprocessor.codec
        inputs, _ = with_ends(codec.encode(prompts))
        states = self._first_states(None if self.preprocessor.labels is None else labels, tf.shape(prompts)[0])
        decoded = write(self.decoder, states, pad(inputs), tf.cast(inputs.row_lengths(), tf.int32), *settings)
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
        labels = labels_of([text], label, self.vocabulary.labels, "unit_states")
        codec, depth = self.preprocessor.codec, len(self.decoder.layers)
        if not -depth <= layer < depth:
            raise ValueError(f"unit_states: layer must be between {-depth} and {depth - 1}, got {layer}")
        inputs, _ = with_ends(codec.encode(tf.constant([_bytes(text)])))
        if inputs.row_lengths()[0] < 2:
            raise ValueError("unit_states: the text has no token")
        number = None if labels is None else tf.constant([self.vocabulary.labels.index(labels[0])])
        values = unit_states(self.decoder, self._first_states(number, 1), inputs.to_tensor(), layer % depth)
        return UnitStates(codec.tokens_of(text), values.numpy()[1:], layer % depth)

    def signatures(self) -> dict[str, Callable]:
        """Returns `serving_default`, which scores texts, and `generate`, which goes on from them."""
        return language_signatures(self)


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")
