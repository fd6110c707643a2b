"""Sequence labelling: one tag a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo import tag_schemes
from zoo.config.tagger import TaggerConfig
from zoo.datasets.tagged_sentences import from_sentences
from zoo.decoding import marginals, viterbi
from zoo.decoding.sentences import TaggedSentence
from zoo.layers.crf import negative_log_likelihood
from zoo.metrics import EntityScore
from zoo.models.cross_entropy import nats
from zoo.models.pretrained_words import fill_word_embedding, with_vector_words
from zoo.models.tagging.network import tagger_network
from zoo.models.tagging.records import SentenceWindow, tagged_dataset, windows
from zoo.models.task import Task
from zoo.preprocessing.batching import mapped_in_place
from zoo.preprocessing.static_shapes import Filling, Lengths, known_lengths
from zoo.preprocessing.tagging import TaggerPreprocessor, TaggerVocabulary, learn_vocabulary, normal_form
from zoo.preprocessing.tokenisation import pad, tokenise
from zoo.preprocessing.vocabulary import RESERVED

_UNSEEN = "(unseen type)"


@keras.saving.register_keras_serializable(package="zoo")
class Tagger(Task):
    """Tags every token of a sentence.

    Raw records are dictionaries of strings: `tokens` [time] or `text` [], with `tags` [time] (IOB2, or 0/1) to learn
    from.
    """

    config_class = TaggerConfig
    vocabulary_class = TaggerVocabulary
    monitor, monitor_mode = "val_f1", "max"
    figures = ("loss", "val_loss", "val_precision", "val_recall", "val_f1")

    def records(self, x: Any, y: Any = None) -> tf.data.Dataset:
        """Turns what `fit` and `evaluate` take into a dataset of `tokens` and `tags`.

        Args:
            x: A dataset of raw records, or a list of sentences: each a list of tokens, or a text for the tokeniser.
            y: With a list, the tags of each sentence, a list a sentence, in any scheme.

        Raises:
            TypeError: Neither of these.
            ValueError: A sentence whose tokens and tags differ in number.
        """
        if isinstance(x, tf.data.Dataset):
            return tagged_dataset(x)
        if y is None or isinstance(x, (str, bytes)):
            raise TypeError(
                "fit and evaluate take a tf.data.Dataset of records, or two lists: sentences and their tags"
            )
        x = list(x)
        if x and all(isinstance(text, str) for text in x):
            x = [[token.decode() for token in row] for row in tokenise(tf.constant(x)).tokens.to_list()]
        return from_sentences(x, list(y))

    def learn_vocabulary(self, records: tf.data.Dataset) -> TaggerVocabulary:
        """Counts words, characters and tags."""
        vocabulary = learn_vocabulary(records, self.config)
        if self.config.head == "sigmoid" and not vocabulary.binary:
            found = ", ".join(vocabulary.entity_types)
            raise ValueError(
                f"head='sigmoid' answers 0 or 1, but the tags name types ({found}): use 'crf' or 'softmax'"
            )
        words = with_vector_words(vocabulary.words, self.config, partial(normal_form, config=self.config))
        unseen = len(words) - len(vocabulary.words)
        return replace(vocabulary, words=words, counts=vocabulary.counts + (0,) * unseen)

    def make_preprocessor(self, vocabulary: TaggerVocabulary) -> TaggerPreprocessor:
        """Makes the look-up tables, and the metric that knows the tags' names."""
        preprocessor = TaggerPreprocessor(self.config, vocabulary)
        # One type more than the model has: what evaluation data may hold beside, missed by definition.
        extra = [] if vocabulary.binary else [f"B-{_UNSEEN}", f"I-{_UNSEEN}"]
        self.entity_score = EntityScore([*preprocessor.tags.outer_names, *extra])
        return preprocessor

    def make_network(self) -> keras.Model:
        """Makes the Functional model."""
        codec = self.preprocessor.tags
        vocabulary = self.preprocessor.vocabulary
        return tagger_network(
            self.config,
            word_counts=vocabulary.counts,
            num_chars=len(vocabulary.characters) + RESERVED,
            tags=codec.names,
            constraints=None if vocabulary.binary else tag_schemes.allowed_transitions(codec.names, codec.scheme),
        )

    def initialise(self) -> None:
        """Fills the word embeddings from the configuration's file of vectors."""
        fill_word_embedding(self.network, self.vocabulary.words, self.config, self.vocabulary.counts)

    def prepared(self, records: tf.data.Dataset, training: bool) -> tf.data.Dataset:
        """Cuts what is too long to be learnt from."""
        limit = self.config.max_tokens if training else None
        if limit is None:
            return records
        return mapped_in_place(records, lambda record: {name: values[:limit] for name, values in record.items()})

    def length(self, record: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Counts a record's tokens."""
        return tf.size(record["tokens"])

    def tensors(self, batch: Mapping[str, tf.Tensor], training: bool) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Returns the network's inputs and the numbers of the tags."""
        return self.preprocessor.inputs(batch["tokens"]), self.preprocessor.targets(batch["tags"], training)

    def fixed_lengths(self, training: bool) -> Lengths:
        """Returns the boundaries and, in training, `max_tokens`; evaluation cuts nothing."""
        config = self.config
        lengths = known_lengths(config.bucket_boundaries, config.max_tokens)
        return lengths if training or config.max_tokens is None else known_lengths(lengths)

    def fillings(self, training: bool) -> tuple[dict[str, Filling], Filling]:
        """Returns how tokens, characters and tags are filled up."""
        tokens = self.fixed_lengths(training)
        x = dict.fromkeys(("token_ids", "padding_mask", "case_ids"), Filling((tokens,)))
        return {**x, "char_ids": Filling((tokens, (self.config.max_word_chars,)))}, Filling((tokens,), -1)

    def loss_terms(self, x: Mapping[str, tf.Tensor], y: tf.Tensor, y_pred: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Nats a token: of the whole sequence for a CRF, of each tag for the other heads."""
        real = tf.cast(y >= 0, tf.float32)
        y = tf.where(y < self._num_tags, y, 0)  # to a model that lacks its type, an entity is nothing
        if self.config.head == "crf":
            return negative_log_likelihood(y_pred, y), tf.reduce_sum(real, axis=1)
        logits, targets = tf.cast(y_pred, tf.float32), tf.maximum(y, 0)
        if self.config.head == "softmax":
            values = nats(targets, logits)
        else:
            values = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(targets, tf.float32), logits[:, :, 0])
        return values * real, real

    def update_evaluation(self, x: Mapping[str, tf.Tensor], y: tf.Tensor, y_pred: tf.Tensor) -> None:
        """Counts entities found, right and wrong."""
        codec = self.preprocessor.tags
        predicted = codec.outer_from_inner(self._best_tags(y_pred))
        self.entity_score.update_state(codec.outer_from_inner(y), predicted, x["padding_mask"])

    @property
    def _num_tags(self) -> int:
        return len(self.preprocessor.tags.names)

    def get_metrics_result(self) -> dict[str, Any]:
        """Returns loss and entity scores; those of unseen types are in the totals but not in the list."""
        results = super().get_metrics_result()
        return {name: value for name, value in results.items() if not name.startswith(_UNSEEN)}

    def _best_tags(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns the best tags, int32 [batch, time]."""
        if self.config.head == "crf":
            return viterbi(logits)[0]
        if self.config.head == "softmax":
            return tf.argmax(logits, axis=-1, output_type=tf.int32)
        return tf.cast(logits[:, :, 0] > 0.0, tf.int32)

    def _probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns the probability of every tag, float32 [batch, time, tags]."""
        if self.config.head == "crf":
            return marginals(logits)
        if self.config.head == "softmax":
            return tf.nn.softmax(tf.cast(logits, tf.float32))
        positive = tf.sigmoid(tf.cast(logits, tf.float32))
        return tf.concat([1 - positive, positive], axis=-1)

    def tag(self, tokens: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Tags a batch of padded tokens, in the graph.

        Args:
            tokens: Strings [batch, time], padded with empty strings on the right, time at least 1.

        Returns:
            Numbers of `preprocessor.tags.outer_names`, int32 [batch, time], and the probability of each such tag,
            float32 [batch, time]; what stands at padding does not matter.
        """
        codec = self.preprocessor.tags
        logits = self.network(self.preprocessor.inputs(tokens), training=False)
        tags = codec.outer_from_inner(self._best_tags(logits))
        return tags, tf.gather(codec.outer_probabilities(self._probabilities(logits)), tags, batch_dims=2)

    def windows(self, x: Any) -> Iterator[SentenceWindow]:
        """Cuts a list of texts, a list of token lists or a dataset of records into windows of sentences."""
        return windows(x)

    def answer(self, window: SentenceWindow, rows: np.ndarray) -> list[TaggedSentence]:
        """Tags some sentences of a window."""
        names = self.preprocessor.tags.outer_names
        tag = self.in_graph(self.tag, tf.TensorSpec([None, None], tf.string))
        tags, scores = tag(pad(tf.gather(window.tokens, rows)))
        answers = []
        for row, numbers, chances in zip(rows, tags.numpy().tolist(), scores.numpy().tolist(), strict=True):
            words = window.words[row]
            named = [names[number] for number in numbers[: len(words)]]
            answers.append(TaggedSentence(words, named, chances[: len(words)]))
        return answers

    def signatures(self) -> dict[str, Callable]:
        """Returns `serving_default` (raw text) and `tokens` (ready tokens)."""
        codec = self.preprocessor.tags

        def answer(tokens: tf.Tensor) -> dict[str, tf.Tensor]:
            real = tf.not_equal(tokens, "")
            numbers, scores = self.tag(tokens)
            return {"tags": tf.where(real, codec.outer_tags(numbers), ""), "scores": tf.where(real, scores, 0.0)}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
        def serving_default(text: tf.Tensor) -> dict[str, tf.Tensor]:
            ragged = tokenise(text)
            tokens = pad(ragged.tokens)
            return {"tokens": tokens, "offsets": pad(ragged.offsets), **answer(tokens)}

        @tf.function(input_signature=[tf.TensorSpec([None, None], tf.string, name="tokens")], autograph=False)
        def from_tokens(tokens: tf.Tensor) -> dict[str, tf.Tensor]:
            tokens = tf.pad(tokens, [[0, 0], [0, tf.maximum(1 - tf.shape(tokens)[1], 0)]])
            return {"tokens": tokens, **answer(tokens)}

        return {"serving_default": serving_default, "tokens": from_tokens}
