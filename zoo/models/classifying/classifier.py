"""Text classification: one label a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.config.classifier import ClassifierConfig
from zoo.datasets.labelled_texts import from_texts
from zoo.decoding.classified_text import ClassifiedText, ExplainedText
from zoo.models.answering import in_order, single_text, windows_of_texts
from zoo.models.classifying.attribution import Attribution
from zoo.models.classifying.network import FEATURES, classifier_network
from zoo.models.cross_entropy import nats
from zoo.models.pretrained_words import fill_word_embedding, with_vector_words
from zoo.models.task import Task
from zoo.preprocessing.batching import many_at_a_time, mapped_in_place
from zoo.preprocessing.classifying import (
    ClassifierPreprocessor,
    ClassifierVocabulary,
    learn_vocabulary,
    normal_form,
)
from zoo.preprocessing.labels import are_numbers, label_names
from zoo.preprocessing.static_shapes import Filling, Lengths, known_lengths
from zoo.preprocessing.tokenisation import pad

NO_LABEL = -1
_NUMBERED_TOGETHER = 256  # texts


class _Window(NamedTuple):
    """Texts that are answered together: their words, the words' numbers, and how much of each was left out."""

    tokens: tf.RaggedTensor
    token_ids: tf.RaggedTensor
    cut: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        return self.tokens.row_lengths().numpy()


@keras.saving.register_keras_serializable(package="zoo")
class Classifier(Task):
    """Finds the class of a text, with a probability.

    Raw records are dictionaries of strings: `text` [], with `label` [] to learn from.
    """

    config_class = ClassifierConfig
    vocabulary_class = ClassifierVocabulary
    monitor, monitor_mode = "val_accuracy", "max"
    figures = ("loss", "val_loss", "val_accuracy")

    def records(self, x: Any, y: Any = None) -> tf.data.Dataset:
        """Turns what `fit` and `evaluate` take into a dataset of `text` and `label`.

        Args:
            x: A dataset of raw records, or a list of texts.
            y: With a list, the label of each text: a string or a number.

        Raises:
            TypeError: Neither of these.
            ValueError: Texts and labels differ in number, or one is empty.
        """
        if not isinstance(x, tf.data.Dataset):
            if y is None or isinstance(x, (str, bytes)):
                raise TypeError("fit and evaluate take a tf.data.Dataset of records, or two lists: texts and labels")
            return from_texts(list(x), list(y))
        single_text(x)
        if "label" not in x.element_spec:
            raise ValueError(
                f"a classifier learns from records with `text` and `label`; these have {sorted(x.element_spec)}"
            )
        return mapped_in_place(x, _checked)

    def learn_vocabulary(self, records: tf.data.Dataset) -> ClassifierVocabulary:
        """Counts words and labels."""
        vocabulary = learn_vocabulary(records, self.config)
        labels, head = vocabulary.labels, self.config.head
        found = f"{', '.join(labels[:10])}{', ...' if len(labels) > 10 else ''}"
        if head == "sigmoid" and len(labels) != 2:
            raise ValueError(
                f"head='sigmoid' tells two classes apart, but there are {len(labels)} ({found}): use 'auto'"
            )
        if head == "ordinal" and not are_numbers(labels):
            raise ValueError(f"head='ordinal' orders classes whose names are numbers, but they are {found}: use 'auto'")
        words = with_vector_words(vocabulary.words, self.config, partial(normal_form, config=self.config))
        return replace(vocabulary, words=words)

    def make_preprocessor(self, vocabulary: ClassifierVocabulary) -> ClassifierPreprocessor:
        """Makes the look-up tables and the metrics."""
        self.accuracy = keras.metrics.Mean(name="accuracy")
        self.share_cut = keras.metrics.Mean(name="share_cut")  # of the texts, those that are longer than max_tokens
        if self.config.head == "ordinal":
            self.distance = keras.metrics.Mean(name="mean_absolute_error")  # in classes
        return ClassifierPreprocessor(self.config, vocabulary)

    def make_network(self) -> keras.Model:
        """Makes the Functional model."""
        vocabulary = self.preprocessor.vocabulary
        return classifier_network(self.config, len(vocabulary.words), len(vocabulary.labels), self.head)

    def initialise(self) -> None:
        """Fills the word embeddings from the configuration's file of vectors."""
        fill_word_embedding(self.network, self.vocabulary.words, self.config)

    @property
    def head(self) -> str:
        """The head that `auto` stands for, or the configuration's own: `sigmoid`, `softmax` or `ordinal`."""
        if self.config.head != "auto":
            return self.config.head
        return "sigmoid" if len(self.preprocessor.vocabulary.labels) == 2 else "softmax"

    def token_budget(self, training: bool) -> int | None:
        """Returns how many padded tokens a batch may hold."""
        return self.config.batch_tokens if training else super().token_budget(training)

    def prepared(self, records: tf.data.Dataset, training: bool) -> tf.data.Dataset:
        """Numbers the words of every record, many records at a time."""

        def numbered(batch: Mapping[str, tf.Tensor]) -> dict[str, Any]:
            tokens, cut = self.preprocessor.words(batch["text"])
            label = self.preprocessor.targets(batch["label"])
            return {"token_ids": self.preprocessor.token_ids(tokens), "cut": cut, "label": label}

        return many_at_a_time(records, _NUMBERED_TOGETHER, numbered)

    def length(self, record: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Counts a record's words."""
        return tf.size(record["token_ids"])

    def tensors(
        self, batch: Mapping[str, tf.Tensor], training: bool
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """Returns the network's inputs, and `label` (-1 where there is no text) and `cut`, int32 [batch]."""
        token_ids = batch["token_ids"]
        token_ids = tf.pad(token_ids, [[0, 0], [0, tf.maximum(1 - tf.shape(token_ids)[1], 0)]])
        return self.preprocessor.inputs(token_ids), {"label": batch["label"], "cut": batch["cut"]}

    def fixed_lengths(self, training: bool) -> Lengths:
        """Returns the boundaries up to `max_tokens`."""
        return known_lengths(self.config.bucket_boundaries, self.config.max_tokens)

    def fillings(self, training: bool) -> tuple[dict[str, Filling], dict[str, Filling]]:
        """Returns how words and labels are filled up."""
        words = Filling((self.fixed_lengths(training),))
        return {"token_ids": words, "padding_mask": words}, {"label": Filling(value=NO_LABEL)}

    def loss_terms(
        self, x: Mapping[str, tf.Tensor], y: Mapping[str, tf.Tensor], y_pred: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Nats a text; for ordered classes the sum over all thresholds (CORAL, Cao et al. 2020, equation 5)."""
        logits, labels, weights = tf.cast(y_pred, tf.float32), tf.maximum(y["label"], 0), _weights(y)
        if self.head == "softmax":
            values = nats(labels, logits)
        else:  # two classes are one threshold
            above = tf.cast(labels[:, tf.newaxis] > tf.range(tf.shape(logits)[1]), tf.float32)
            values = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(above, logits), axis=1)
        return values * weights, weights

    def update_evaluation(self, x: Mapping[str, tf.Tensor], y: Mapping[str, tf.Tensor], y_pred: tf.Tensor) -> None:
        """Counts right answers and texts that were not read whole."""
        predicted, weights = self._best(y_pred), _weights(y)
        self.accuracy.update_state(tf.equal(predicted, y["label"]), weights)
        self.share_cut.update_state(y["cut"] > 0, weights)
        if self.head == "ordinal":
            self.distance.update_state(tf.abs(predicted - y["label"]), weights)

    def _best(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns the best class, int32 [batch]; of ordered ones the median, which is nearest on the average."""
        if self.head == "softmax":
            return tf.argmax(logits, axis=-1, output_type=tf.int32)
        return tf.reduce_sum(tf.cast(logits > 0.0, tf.int32), axis=1)

    def _probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns the probability of every class, float32 [batch, classes]."""
        logits = tf.cast(logits, tf.float32)
        if self.head == "softmax":
            return tf.nn.softmax(logits)
        above = tf.pad(tf.sigmoid(logits), [[0, 0], [1, 0]], constant_values=1.0)
        return above - tf.pad(above[:, 1:], [[0, 0], [0, 1]])

    def classify(self, token_ids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Classifies a batch of padded word numbers, in the graph.

        Args:
            token_ids: int32 [batch, time], padded with 0 on the right, time at least 1.

        Returns:
            Numbers of `vocabulary.labels`, int32 [batch], and the probability of every class, float32 [batch, classes].
        """
        logits = self.network(self.preprocessor.inputs(token_ids), training=False)
        return self._best(logits), self._probabilities(logits)

    def windows(self, x: Any) -> Iterator[_Window]:
        """Cuts a list of texts, or a dataset of records with `text`, into windows of words."""
        for texts in windows_of_texts(x):
            tokens, cut = self.preprocessor.words(texts)
            yield _Window(tokens, self.preprocessor.token_ids(tokens), cut.numpy())

    def answer(self, window: _Window, rows: np.ndarray) -> list[ClassifiedText]:
        """Classifies some texts of a window."""
        classify = self.in_graph(self.classify, tf.TensorSpec([None, None], tf.int32))
        numbers, probabilities = classify(pad(tf.gather(window.token_ids, rows)))
        labels = self.vocabulary.labels
        return [
            ClassifiedText(
                labels[number], chances[number], dict(zip(labels, chances, strict=True)), int(window.cut[row])
            )
            for row, number, chances in zip(rows, numbers.numpy().tolist(), probabilities.numpy().tolist(), strict=True)
        ]

    def explain(self, x: Any, batch_size: int | None = None) -> list[ExplainedText]:
        """Says what each word did for the answer: gradient times input of the words' vectors.

        The weight of a word is the change of the answer's log-odds, to first order, between the text and the text with
        that word's vectors (and those of the n-grams that end with it) set to zero (Li et al. 2016, "Visualizing and
        understanding neural models in NLP"; Denil et al. 2014). Of ordered classes it is the log-odds of a higher one.

        Args:
            x: A list of texts, or a dataset of records.
            batch_size: Texts a step.

        Returns:
            An `ExplainedText` for each, in the order given.

        Raises:
            ValueError: The task has not been fitted.
            TypeError: `x` is something else.
        """
        self._require_network("explain")
        attribution = Attribution(self.network, FEATURES)
        explained: list[ExplainedText] = []
        for window in self.windows(x):

            def explain_rows(rows: np.ndarray, window: _Window = window) -> list[ExplainedText]:
                inputs = self.preprocessor.inputs(pad(tf.gather(window.token_ids, rows)))
                weights = attribution(inputs, self._log_odds).numpy()
                return [
                    _explained(window, row, of_words, answer)
                    for row, of_words, answer in zip(rows, weights, self.answer(window, rows), strict=True)
                ]

            explained += in_order(window.lengths, explain_rows, batch_size)
        return explained

    def _log_odds(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns the log-odds of the answer, float32 [batch]; for ordered classes those of a higher class."""
        logits = tf.cast(logits, tf.float32)
        if self.head == "ordinal":
            return tf.reduce_mean(logits, axis=1)  # all thresholds share one score
        if self.head == "sigmoid":
            return tf.where(logits[:, 0] > 0, logits[:, 0], -logits[:, 0])
        best = self._best(logits)
        others = logits + tf.one_hot(best, logits.shape[1], on_value=-np.inf, off_value=0.0)
        return tf.gather(logits, best, batch_dims=1) - tf.reduce_logsumexp(others, axis=1)

    def signatures(self) -> dict[str, Callable]:
        """Returns `serving_default`: raw text to `label`, `probability`, `probabilities` and `tokens_cut`."""
        labels = tf.constant(self.vocabulary.labels)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
        def serving_default(text: tf.Tensor) -> dict[str, tf.Tensor]:
            tokens, cut = self.preprocessor.words(text)
            numbers, probabilities = self.classify(pad(self.preprocessor.token_ids(tokens)))
            return {
                "label": tf.gather(labels, numbers),
                "probability": tf.gather(probabilities, numbers, batch_dims=1),
                "probabilities": probabilities,
                "tokens_cut": cut,
            }

        return {"serving_default": serving_default}


def _weights(y: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Returns 1 for every text and 0 for rows that are none, float32 [batch]."""
    return tf.cast(y["label"] > NO_LABEL, tf.float32)


def _checked(record: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns a record's `text` and `label` as strings, after checking that neither is empty."""
    label = label_names(record["label"])
    checks = [
        tf.debugging.Assert(
            tf.not_equal(tf.strings.strip(value), ""), [f"a record has an empty {name}:", *record.values()]
        )
        for name, value in (("text", record["text"]), ("label", label))
    ]
    with tf.control_dependencies(checks):
        return {"text": tf.identity(record["text"]), "label": tf.identity(label)}


def _explained(window: _Window, row: int, weights: np.ndarray, answer: ClassifiedText) -> ExplainedText:
    tokens = [token.decode("utf-8", "replace") for token in window.tokens[int(row)].numpy()]
    return ExplainedText(
        tokens, weights[: len(tokens)].tolist(), answer.label, answer.probability, tokens_cut=answer.tokens_cut
    )
