"""Dialogues: how probable each turn is after those before it, and what might be said next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from zoo.config.dialogue_model import DialogueModelConfig
from zoo.layers.decoder import Decoder
from zoo.metrics.dialogues import WordErrorRate
from zoo.metrics.perplexity import Perplexity, TokenMean
from zoo.models.cross_entropy import nats
from zoo.models.dialogue.answers import DialogueAnswers
from zoo.models.dialogue.network import dialogue_network
from zoo.models.dialogue.records import dialogue_dataset
from zoo.models.pretrained_words import fill_embeddings, with_vector_words
from zoo.models.reinjecting import Reinjecting
from zoo.models.task import Task
from zoo.preprocessing.batching import mapped_in_place, ragged
from zoo.preprocessing.dialogues import DialogueCodec, DialogueVocabulary, learn_vocabulary
from zoo.preprocessing.static_shapes import Filling, Lengths, known_lengths
from zoo.preprocessing.token_codec import unknown

_NUMBERED_TOGETHER = 64  # dialogues


@keras.saving.register_keras_serializable(package="zoo")
class DialogueModel(DialogueAnswers, Reinjecting, Task):
    """Knows how probable each turn of a dialogue is after those before it, and replies.

    Raw records are dictionaries of strings: `turns` [turns], and perhaps `acts` and `emotions` [turns], one a turn.
    """

    config_class = DialogueModelConfig
    vocabulary_class = DialogueVocabulary
    # Unlike the loss, it does not know the second task.
    monitor, monitor_mode = "val_perplexity", "min"
    figures = ("loss", "val_loss", "val_perplexity", "val_last_perplexity")

    @property
    def decoder(self) -> Decoder:
        """The recurrent decoder: its `stepper()` is a step for `zoo.decoding`."""
        self._require_network("decoder")
        return self.network.decoder

    # From records to tensors.

    def records(self, x: Any, y: Any = None) -> tf.data.Dataset:
        """Turns what `fit` and `evaluate` take into a dataset of `turns`, and what there is of `acts` and `emotions`.

        Args:
            x: A dataset of raw records, or a list of dialogues, each a list of turns.
            y: With a list, perhaps the acts of each dialogue.

        Raises:
            TypeError: Neither of these.
            ValueError: A dialogue has fewer than two turns or an empty one, or labels differ in number.
        """
        return dialogue_dataset(x, y)

    def learn_vocabulary(self, records: tf.data.Dataset) -> DialogueVocabulary:
        """Counts words, and collects labels."""
        config = self.config
        found = learn_vocabulary(
            records, lowercase=config.lowercase, limit=config.vocabulary_size, min_count=config.min_count,
            max_turns=config.max_turns, max_words=config.max_words,
        )  # fmt: skip
        words = with_vector_words(found.words, config, str.lower if config.lowercase else str)
        heads = config.label_weight and config.context != "flat"
        return DialogueVocabulary(words, *((found.acts, found.emotions) if heads else ()))

    def make_preprocessor(self, vocabulary: DialogueVocabulary) -> DialogueCodec:
        """Makes the look-up tables and the metrics."""
        self.perplexity, self.last_perplexity = Perplexity(), Perplexity(name="last_perplexity")
        self.word_error_rate, self.last_word_error_rate = WordErrorRate(), WordErrorRate(name="last_word_error_rate")
        self.share_unknown = TokenMean(name="share_unknown")  # of the words
        self.share_cut = keras.metrics.Mean(name="share_cut")  # of the dialogues, those that are not read whole
        config = self.config
        codec = DialogueCodec(
            vocabulary, lowercase=config.lowercase, max_turns=config.max_turns, max_words=config.max_words
        )
        self.label_accuracies = {name: TokenMean(name=f"{name[:-1]}_accuracy") for name in codec.labels}
        return codec

    def make_network(self) -> keras.Model:
        """Makes the network."""
        codec = self.preprocessor
        labels = {name: len(getattr(codec.vocabulary, name)) for name in codec.labels}
        return dialogue_network(self.config, codec.tokens.size, labels)

    def initialise(self) -> None:
        """Starts the embeddings from pretrained vectors, where the configuration names a file."""
        fill_embeddings(self.network.decoder, self.vocabulary.words, self.config)

    def prepared(self, records: tf.data.Dataset, training: bool) -> tf.data.Dataset:
        """Numbers the words of every turn, many dialogues at a time."""

        def numbered(batch: Mapping[str, tf.RaggedTensor]) -> dict[str, tf.Tensor]:
            turns = self.preprocessor.encode(ragged(batch["turns"]))
            labels = {
                name: self.preprocessor.encode_labels(name, ragged(batch[name]), ragged(batch["turns"]))
                for name in self.preprocessor.labels
                if name in batch
            }
            cut = tf.cast(turns.turns_cut + turns.words_cut > 0, tf.float32)
            return {"token_ids": turns.token_ids, "inputs": turns.inputs, "cut": cut, **labels}

        def trimmed(record: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            real = record["token_ids"] > 0
            turns = tf.reduce_sum(tf.cast(real[:, 0], tf.int32))
            words = tf.reduce_max(tf.reduce_sum(tf.cast(real, tf.int32), axis=1))
            whole = {name: record[name][:turns] for name in record if name != "cut"}
            for name in ("token_ids", "inputs"):
                whole[name] = whole[name][:, :words]
            return {**whole, "cut": record["cut"]}

        batches = records.ragged_batch(_NUMBERED_TOGETHER)
        return mapped_in_place(batches.map(numbered, num_parallel_calls=2).unbatch(), trimmed)

    def length(self, record: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Counts the words of a record's longest turn, its end included."""
        return tf.shape(record["token_ids"])[1]

    def arranged(self, records: tf.data.Dataset, training: bool, batch_size: int | None) -> tf.data.Dataset:
        """Returns padded batches; in evaluation as many dialogues as in training, since logits take room."""
        return super().arranged(records, training, batch_size or self.config.batch_size)

    def token_budget(self, training: bool) -> None:
        """Returns None: `arranged` has a limit of dialogues."""

    def tensors(
        self, batch: Mapping[str, tf.Tensor], training: bool
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """Returns the network's inputs, and `words` [batch, turns, words], 0 where there is none, labels, and `cut`."""
        inputs = {name: batch[name] for name in ("token_ids", "inputs")}
        labels = {name: batch[name] for name in self.preprocessor.labels if name in batch}
        return inputs, {"words": batch["token_ids"], "cut": batch["cut"], **labels}

    def fixed_lengths(self, training: bool) -> Lengths:
        """Returns the boundaries up to `max_words` and the end."""
        return known_lengths(self.config.bucket_boundaries, self.config.max_words + 1)

    def fillings(self, training: bool) -> tuple[dict[str, Filling], dict[str, Filling]]:
        """Returns how dialogues are filled up: to `max_turns`."""
        turns = Filling(((self.config.max_turns,),))
        words = Filling((*turns.axes, self.fixed_lengths(training)))
        labels = dict.fromkeys(self.preprocessor.labels, turns)
        return {"token_ids": words, "inputs": words}, {"words": words, **labels}

    # Training.

    def call(self, tensors: Mapping[str, tf.Tensor], training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the network's output for preprocessed tensors."""
        return self.network(tensors, training=training, reinjection_rate=self.reinjection_rate(training))

    def loss_terms(
        self, x: Mapping[str, tf.Tensor], y: Mapping[str, tf.Tensor], y_pred: Mapping[str, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Nats a word; and those of acts and emotions, by their weight."""
        values, weights = _nats(y, y_pred)
        values = [values]
        for name in self._labels_in(y):
            real = _turns(y)
            of_labels = tf.where(real, nats(tf.where(real, y[name], 0), y_pred[name]), 0.0)
            values.append(self.config.label_weight * tf.reshape(of_labels, [-1]))
        return tf.concat(values, axis=0), weights

    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, **kwargs: Any) -> Any:
        """Returns the loss and the metrics on raw records; see `Task.evaluate`.

        Of labels that the records do not have, there is no accuracy (in what `return_dict=True` returns).
        """
        scores = super().evaluate(x, y, batch_size, **kwargs)
        if isinstance(scores, dict):
            for metric in self.label_accuracies.values():
                if not float(tf.convert_to_tensor(metric.count)):  # of all replicas
                    scores.pop(metric.name, None)
        return scores

    def _labels_in(self, y: Mapping[str, tf.Tensor]) -> list[str]:
        """Returns the names of the labels that are known: records to begin with may have none."""
        return [name for name in self.preprocessor.labels if name in y]

    def update_evaluation(
        self, x: Mapping[str, tf.Tensor], y: Mapping[str, tf.Tensor], y_pred: Mapping[str, tf.Tensor]
    ) -> None:
        """Counts perplexity and word errors, of all turns and of the last ones, and labels that are right."""
        values, weights = _nats(y, y_pred)
        words = _at_places(y["words"], y_pred)
        later = tf.pad(_turns(y)[:, 1:], [[0, 0], [0, 1]])
        of_last = tf.cast(~later & _turns(y), tf.float32)[:, :, tf.newaxis] * tf.ones_like(y["words"], tf.float32)
        last = weights * _at_places(of_last, y_pred)
        self.perplexity.update_state(values, weights)
        self.last_perplexity.update_state(values, last)
        self.word_error_rate.update_state(words, y_pred["logits"], weights)
        self.last_word_error_rate.update_state(words, y_pred["logits"], last)
        self.share_unknown.update_state(unknown(words), weights)
        self.share_cut.update_state(y["cut"], tf.cast(_turns(y)[:, 0], tf.float32))
        for name in self._labels_in(y):
            right = tf.equal(tf.argmax(y_pred[name], axis=-1, output_type=tf.int32), y[name])
            self.label_accuracies[name].update_state(right, tf.cast(_turns(y), tf.float32))


def _turns(y: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Returns bool [batch, turns], True at turns."""
    return y["words"][:, :, 0] > 0


def _at_places(values: tf.Tensor, y_pred: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Returns those of values [batch, turns, words] that the network has logits for, [places]."""
    return tf.gather(tf.reshape(values, [-1]), y_pred["places"])


def _nats(y: Mapping[str, tf.Tensor], y_pred: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns nats and weight of every word, [places]."""
    words = _at_places(y["words"], y_pred)
    weights = tf.cast(words > 0, tf.float32)
    return nats(words, y_pred["logits"]) * weights, weights
