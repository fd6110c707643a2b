"""Language models: how probable a text is, and what might follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo.config.language_model import LanguageModelConfig
from zoo.datasets.labelled_texts import from_texts
from zoo.datasets.plain_texts import from_plain_texts
from zoo.layers.carried_states import CarriedStates
from zoo.metrics.perplexity import BitsPerCharacter, Perplexity, TokenMean
from zoo.models.answering import single_text
from zoo.models.cross_entropy import nats
from zoo.models.language.answers import LanguageAnswers
from zoo.models.language.network import language_network
from zoo.models.pretrained_words import fill_embeddings, with_vector_words
from zoo.models.reinjecting import Reinjecting
from zoo.models.task import Task
from zoo.preprocessing import streams
from zoo.preprocessing.batching import many_at_a_time, mapped_in_place
from zoo.preprocessing.labels import label_names
from zoo.preprocessing.language import LanguagePreprocessor, LanguageVocabulary, learn_vocabulary
from zoo.preprocessing.static_shapes import Filling, Lengths
from zoo.preprocessing.token_codec import unknown, with_ends
from zoo.preprocessing.vocabulary import END_ID
from zoo.training.replica_rows import gathered, scatter

_NUMBERED_TOGETHER = 64  # texts


@keras.saving.register_keras_serializable(package="zoo")
class LanguageModel(LanguageAnswers, Reinjecting, Task):
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
            ValueError: There are no texts, labels differ in number, or the model has learnt the other kind of texts.
        """
        if not isinstance(x, tf.data.Dataset):
            if isinstance(x, (str, bytes, Mapping)) or not isinstance(x, Iterable):
                raise TypeError("fit and evaluate take a tf.data.Dataset of records, or a list of texts")
            x = from_plain_texts(list(x)) if y is None else from_texts(list(x), list(y))
        single_text(x)
        if self.preprocessor is not None and (self.preprocessor.labels is not None) != ("label" in x.element_spec):
            learnt, given = ("with", "without") if self.preprocessor.labels is not None else ("without", "with")
            raise ValueError(f"this model has learnt texts {learnt} labels, and these are {given}")
        if "label" not in x.element_spec:
            return mapped_in_place(x, lambda record: {"text": record["text"]})
        return mapped_in_place(x, lambda record: {"text": record["text"], "label": label_names(record["label"])})

    def learn_vocabulary(self, records: tf.data.Dataset) -> LanguageVocabulary:
        """Counts tokens and collects labels; words that have pretrained vectors follow those that were met."""
        config, found = self.config, learn_vocabulary(records, self.config)
        normal_form = str.lower if config.lowercase else str
        return replace(found, tokens=with_vector_words(found.tokens, config, normal_form, "embedding_dim"))

    def make_preprocessor(self, vocabulary: LanguageVocabulary) -> LanguagePreprocessor:
        """Makes the look-up tables and the metrics."""
        self.uncertainty = BitsPerCharacter() if self.config.tokens == "characters" else Perplexity()
        self.share_unknown = TokenMean(name="share_unknown")
        return LanguagePreprocessor(self.config, vocabulary)

    def make_network(self) -> keras.Model:
        """Makes the Functional model, and what it carries from window to window."""
        vocabulary = self.preprocessor.vocabulary
        network = language_network(self.config, self.preprocessor.codec.size, len(vocabulary.labels))
        decoder = network.get_layer("decoder")
        rows = self.config.batch_size // (self.distribute_strategy.num_replicas_in_sync if self.static_shapes else 1)
        self._carried = CarriedStates(
            decoder.state_sizes, rows, decoder.compute_dtype, static_shapes=self.static_shapes
        )
        return network

    def initialise(self) -> None:
        """Starts the embeddings from pretrained vectors, where the configuration names a file."""
        fill_embeddings(self.decoder, self.vocabulary.tokens, self.config)

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

        def numbered(batch: Mapping[str, tf.Tensor]) -> dict[str, Any]:
            inputs, targets = with_ends(self.preprocessor.codec.encode(batch["text"]))
            labels = self.preprocessor.labels
            label = {} if labels is None else {"label": labels.encode(batch["label"])}
            return {"inputs": inputs, "targets": targets, **label}

        return many_at_a_time(records, _NUMBERED_TOGETHER, numbered)

    def length(self, record: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Counts a record's tokens, its end included."""
        return tf.size(record["inputs"])

    def arranged(self, records: tf.data.Dataset, training: bool, batch_size: int | None) -> tf.data.Dataset:
        """Returns windows of streams, or of texts of similar length."""
        config = self.config
        if self.in_streams:
            rows = batch_size or config.batch_size
            if training:
                batches = self._turned(records, rows)
            else:
                batches = streams.side_by_side(records, rows, shortest=config.window, lead=config.window)
        else:
            batches = super().arranged(records, training, batch_size)
        return streams.windows(batches, config.window)

    def _turned(self, records: tf.data.Dataset, rows: int) -> tf.data.Dataset:
        """Returns streams whose windows begin elsewhere in every epoch, as a function of seed and epoch."""
        config = self.config

        def one_epoch(_: tf.Tensor) -> tf.data.Dataset:
            # Drawn within the dataset: `fit` makes its batches once, and iterates over them epoch after epoch.
            shift = tf.random.stateless_uniform([], [config.seed, self._epoch], 0, config.window, tf.int32)
            return streams.side_by_side(records, rows, shortest=config.window, shift=shift)

        return tf.data.Dataset.range(1).flat_map(one_epoch)

    def tensors(self, batch: Mapping[str, tf.Tensor], training: bool) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Returns the network's inputs, and the tokens to say, int32 [rows, time], 0 where there is none."""
        inputs = {name: batch[name] for name in ("fresh", "label") if name in batch}
        return {**inputs, "token_ids": batch["inputs"], "padding_mask": batch["inputs"] > 0}, batch["targets"]

    def fixed_lengths(self, training: bool) -> Lengths:
        """Returns the window's length."""
        return (self.config.window,)

    def fillings(self, training: bool) -> tuple[dict[str, Filling], Filling]:
        """Returns how windows are filled up."""
        window = Filling((self.fixed_lengths(training),))
        return {"token_ids": window, "padding_mask": window}, window

    # Training.

    def call(self, tensors: Mapping[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns logits [rows, time, tokens]; rows that are not fresh go on from the states of the last call."""
        states = self._carried.read(tf.shape(tensors["token_ids"])[0])
        rate = self.reinjection_rate(training)
        if rate is not None:
            tensors = {**tensors, "token_ids": self._with_own_choices(tensors, states, rate)}
        output = self.network({**tensors, "states": states}, training=training)
        self._carried.keep(output["states"])
        return output["logits"]

    def _with_own_choices(
        self, tensors: Mapping[str, tf.Tensor], carried: list[tf.Tensor], rate: tf.Variable
    ) -> tf.Tensor:
        """Returns the tokens to read, some of them the model's own choices."""
        tokens = tensors["token_ids"]
        first = self._first_states(tensors.get("label"), tf.shape(tokens)[0])
        states = self.network.get_layer("first_states")(tensors["fresh"], first, carried)
        return self.decoder.reinjected(tokens, states, mask=tensors["padding_mask"], rate=rate)

    def position(self) -> list[np.ndarray]:
        """Adds the states that the next window goes on from."""
        return [*gathered(self.distribute_strategy, self._carried.variables), *super().position()]

    def go_on_from(self, position: list[np.ndarray]) -> None:
        """Restores what `position` returned."""
        carried = self._carried.variables
        scatter(self.distribute_strategy, carried, position[: len(carried)])
        super().go_on_from(position[len(carried) :])

    def loss_terms(self, x: Mapping[str, tf.Tensor], y: tf.Tensor, y_pred: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Nats a token."""
        weights = tf.cast(y > 0, tf.float32)
        return nats(y, y_pred) * weights, weights

    def update_evaluation(self, x: Mapping[str, tf.Tensor], y: tf.Tensor, y_pred: tf.Tensor) -> None:
        """Counts bits or perplexity, and tokens that are not known."""
        values, weights = self.loss_terms(x, y, y_pred)
        if self.config.tokens == "characters":
            self.uncertainty.update_state(values, weights * tf.cast(y != END_ID, tf.float32))
        else:
            self.uncertainty.update_state(values, weights)
        self.share_unknown.update_state(unknown(y), weights)
