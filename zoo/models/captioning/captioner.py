"""Captioning: a sentence that says what is in an image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo.config.captioner import CaptionerConfig
from zoo.decoding.captioned_image import AttendedImage, CaptionedImage
from zoo.layers.attentive_decoder import AttentiveDecoder
from zoo.layers.backbones import is_application, load_published
from zoo.metrics.captions import caption_scores
from zoo.metrics.perplexity import Perplexity
from zoo.models.answering import in_order
from zoo.models.captioning.feature_cache import cached
from zoo.models.captioning.network import RESIDUAL, CaptionerNetwork, image_encoder
from zoo.models.captioning.records import ImageWindow, captioned_dataset, windows
from zoo.models.captioning.writing import answers, look, write
from zoo.models.cross_entropy import nats
from zoo.models.pretrained_words import fill_embeddings, with_vector_words
from zoo.models.reinjecting import Reinjecting
from zoo.models.task import Task
from zoo.preprocessing.captioning import CaptionCodec, CaptionVocabulary, learn_vocabulary, normal_form
from zoo.preprocessing.images import Augmentation, decode_images
from zoo.preprocessing.static_shapes import Filling, Lengths, known_lengths
from zoo.preprocessing.vocabulary import PADDING_ID, RESERVED_WITH_ENDS

_SIDES = {"left", "right"}  # words that are wrong once an image is mirrored


@keras.saving.register_keras_serializable(package="zoo")
class Captioner(Reinjecting, Task):
    """Says what is in an image, with the probability of each sentence.

    Raw records are dictionaries of strings: `image` [], JPEG or PNG bytes, and to learn from `captions` [captions], and
    perhaps `name` [], by which errors call the image.
    """

    config_class = CaptionerConfig
    vocabulary_class = CaptionVocabulary
    # Unlike the loss, it knows neither label smoothing nor the attention's penalty.
    monitor, monitor_mode = "val_perplexity", "min"
    figures = ("loss", "val_loss", "val_perplexity")

    def __init__(self, config: CaptionerConfig, vocabulary: Any = None, hub_encoder: Any = None, **kwargs: Any) -> None:
        """Makes a compiled captioner; see `Task`.

        Args:
            config: What to build.
            vocabulary: What an earlier `adapt` learnt.
            hub_encoder: The configuration of its encoder, if that is one of keras-hub's, so that a saved captioner
                fetches nothing.
            **kwargs: Arguments of `keras.Model`.
        """
        self._hub_encoder = hub_encoder
        super().__init__(config, vocabulary, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Adds the configuration of keras-hub's encoder, if there is one."""
        return {**super().get_config(), "hub_encoder": self._hub_encoder}

    # From records to tensors.

    def records(self, x: Any, y: Any = None) -> tf.data.Dataset:
        """Turns what `fit` and `evaluate` take into a dataset of `image`, `captions` and `name`.

        Args:
            x: A dataset of raw records, or a list of images: bytes, or paths of files.
            y: With a list, the captions of each image.

        Raises:
            TypeError: Neither of these.
            ValueError: Images and captions differ in number, or a caption is empty.
        """
        return captioned_dataset(x, y)

    def learn_vocabulary(self, records: tf.data.Dataset) -> CaptionVocabulary:
        """Counts words; those that have pretrained vectors follow those that were met."""
        config = self.config
        found = learn_vocabulary(
            records, max_words=config.max_words, limit=config.vocabulary_size, min_count=config.min_count
        )
        return replace(found, words=with_vector_words(found.words, config, normal_form))

    def make_preprocessor(self, vocabulary: CaptionVocabulary) -> CaptionCodec:
        """Makes the look-up tables and the metrics."""
        self.perplexity = Perplexity()
        self.share_cut = keras.metrics.Mean(name="share_cut")  # of the captions, those of more than max_words
        return CaptionCodec(vocabulary, self.config.max_words)

    def make_network(self) -> keras.Model:
        """Makes the network."""
        config = self.config
        encoder = image_encoder(config, self._hub_encoder)
        if config.backbone != RESIDUAL and not is_application(config.backbone):
            self._hub_encoder = keras.saving.serialize_keras_object(encoder)
        return CaptionerNetwork(config, self.preprocessor.tokens.size, encoder)

    def initialise(self) -> None:
        """Loads published weights and pretrained word vectors, where the configuration wants them."""
        config = self.config
        fill_embeddings(self.network.decoder, self.vocabulary.words, config)
        if config.pretrained and is_application(config.backbone):
            load_published(self.network.encoder, config.backbone, config.image_size)

    def prepared(self, records: tf.data.Dataset, training: bool) -> tf.data.Dataset:
        """Numbers the words of every caption; where features are cached, they take the image's place."""
        if self.config.feature_cache is not None:
            records = cached(records, self._features, self.network.encoder, self.config)

        def numbered(record: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            kept = {name: record[name] for name in ("image", "features", "name") if name in record}
            return {**kept, **self.preprocessor.encode(record["captions"])._asdict()}

        return records.map(numbered, num_parallel_calls=2)

    def length(self, record: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Counts the words of a record's longest caption, its end included."""
        return tf.shape(record["inputs"])[1]

    def tensors(
        self, batch: Mapping[str, tf.Tensor], training: bool
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """Returns the network's inputs, and `words` [images, captions, time], 0 where there is none, and `cut`."""
        real = batch["targets"] > PADDING_ID
        inputs = {"token_ids": tf.where(real, batch["inputs"], PADDING_ID), "padding_mask": real}
        if "features" in batch:
            inputs["features"] = batch["features"]
        else:
            varied = Augmentation(self.config.zoom, flip=True) if training and self.config.augment else None
            may_flip = None if varied is None else ~self._tell_sides(batch["targets"])
            inputs["image"] = self._images(batch["image"], batch["name"], varied, may_flip)
        return inputs, {"words": tf.where(real, batch["targets"], PADDING_ID), "cut": batch["cut"] > 0}

    def fixed_lengths(self, training: bool) -> Lengths:
        """Returns the boundaries up to `max_words` and the end."""
        return known_lengths(self.config.bucket_boundaries, self.config.max_words + 1)

    def fillings(self, training: bool) -> tuple[dict[str, Filling], dict[str, Filling]]:
        """Returns how captions are filled up; most data sets have as many for every image, and few images very many."""
        captions = known_lengths(range(1, 9))
        words = Filling((captions, self.fixed_lengths(training)))
        return {"token_ids": words, "padding_mask": words}, {"words": words, "cut": Filling((captions,))}

    def _images(
        self,
        encoded: tf.Tensor,
        names: tf.Tensor,
        augmentation: Augmentation | None = None,
        may_flip: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Decodes images that are learnt from or judged by; one that is none is an error that names it."""
        config = self.config
        images, valid = decode_images(
            encoded, (config.image_size, config.image_size), fit=config.fit, augmentation=augmentation,
            seed=config.seed, epoch=self._epoch, may_flip=may_flip,
        )  # fmt: skip
        wrong = tf.strings.reduce_join(tf.boolean_mask(names, ~valid), separator=", ")
        told = ["not a whole JPEG or PNG image:", tf.strings.join([wrong, "; fetch it again or leave it out"])]
        whole = tf.debugging.Assert(tf.reduce_all(valid), told)
        with tf.control_dependencies([whole]):
            return tf.identity(images)

    def _tell_sides(self, words: tf.Tensor) -> tf.Tensor:
        """Whether captions tell left from right, bool [images], of their words, int32 [images, captions, time]."""
        tell = tf.zeros([tf.shape(words)[0]], tf.bool)
        for number, word in enumerate(self.vocabulary.words, RESERVED_WITH_ENDS):
            if word in _SIDES:
                tell |= tf.reduce_any(tf.equal(words, number), axis=[1, 2])
        return tell

    def _features(self, encoded: tf.Tensor, names: tf.Tensor) -> tf.Tensor:
        """Decodes and encodes images, for the cache."""
        return self.network.encode(self._images(encoded, names))

    # Training.

    def call(self, tensors: Mapping[str, tf.Tensor], training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the network's output for preprocessed tensors."""
        return self.network(tensors, training=training, reinjection_rate=self.reinjection_rate(training))

    def loss_terms(
        self, x: Mapping[str, tf.Tensor], y: Mapping[str, tf.Tensor], y_pred: Mapping[str, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Nats a word, with label smoothing, the attention's penalty and the concepts, as far as they are chosen."""
        config, logits = self.config, tf.cast(y_pred["logits"], tf.float32)
        values, weights = self._nats(y, y_pred)
        if config.label_smoothing:
            uniform = -tf.reduce_mean(tf.nn.log_softmax(logits), axis=-1) * weights
            values = (1.0 - config.label_smoothing) * values + config.label_smoothing * uniform
        values = [tf.reshape(values, [-1])]
        if config.attention_coverage:  # Σ_i (1 - Σ_t α_ti)² of each caption
            looked = tf.reduce_sum(weights[..., tf.newaxis] * y_pred["attention"], axis=2)
            real = tf.reduce_max(weights, axis=2)
            penalties = real * tf.reduce_sum(tf.square(1.0 - looked), axis=2)
            values.append(config.attention_coverage * tf.reshape(penalties, [-1]))
        if config.concepts:
            values.append(config.concepts * _surprise_of_words(y["words"], y_pred["concepts"]))
        return tf.concat(values, axis=0), weights

    def _nats(self, y: Mapping[str, tf.Tensor], y_pred: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns nats and weight of every word, [images, captions, time]."""
        weights = tf.cast(y["words"] > 0, tf.float32)
        return nats(y["words"], y_pred["logits"]) * weights, weights

    def update_evaluation(
        self, x: Mapping[str, tf.Tensor], y: Mapping[str, tf.Tensor], y_pred: Mapping[str, tf.Tensor]
    ) -> None:
        """Counts perplexity, and captions that were not read whole."""
        self.perplexity.update_state(*self._nats(y, y_pred))
        real = tf.reduce_any(y["words"] > 0, axis=2)
        self.share_cut.update_state(y["cut"], sample_weight=real)

    def score(self, x: Any, y: Any = None) -> dict[str, float]:
        """Writes captions and compares them with people's.

        Args:
            x: Records as in `fit`.
            y: Captions, where `x` is a list.

        Returns:
            `bleu_1` to `bleu_4`, `rouge_l` and `cider`; see `zoo.metrics.captions.caption_scores`.

        Raises:
            ValueError: The task has not been fitted, the records are malformed, or none has a whole image.
        """
        self._require_network("score")
        records = self.records(x, y)
        written = self.predict(records)
        if not any(answer.valid for answer in written):
            raise ValueError("score: none of the records has a whole JPEG or PNG image; check the files")
        candidates = [answer.caption for answer in written]
        references = [
            [text.decode("utf-8", "replace") for text in texts]
            for texts in records.map(lambda record: record["captions"]).as_numpy_iterator()
        ]
        return caption_scores(candidates, references)

    # Answers.

    def caption(self, encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        """Captions encoded images, in the graph; see `zoo.models.captioning.writing.write`.

        Args:
            encoded: Strings [batch], JPEG or PNG bytes.
        """
        return write(self.network, self.preprocessor, self.config, encoded)

    def windows(self, x: Any) -> Iterator[ImageWindow]:
        """Cuts a list of images (bytes or paths), or a dataset of records with `image`, into windows."""
        return windows(x)

    def answer(self, window: ImageWindow, rows: np.ndarray) -> list[CaptionedImage]:
        """Captions some images of a window."""
        caption = self.in_graph(self.caption, tf.TensorSpec([None], tf.string))
        return answers(caption(tf.gather(window.images, rows)))

    def attend(self, x: Any, batch_size: int | None = None) -> list[AttendedImage]:
        """Captions images and says where the model looked at each word.

        Args:
            x: As `predict`.
            batch_size: Images a step.

        Returns:
            An `AttendedImage` for each, in the order given; without words where the bytes are no image.

        Raises:
            ValueError: The task has not been fitted, or has no attention.
            TypeError: `x` is something else.
        """
        self._require_network("attend")
        if not isinstance(self.network.decoder, AttentiveDecoder):
            raise ValueError("attend: this captioner was made with attention=false, and looks at an image only once")
        attended: list[AttendedImage] = []
        for window in self.windows(x):

            def attend_rows(rows: np.ndarray, window: ImageWindow = window) -> list[AttendedImage]:
                return look(self.network, self.vocabulary.words, self.config, tf.gather(window.images, rows))

            attended += in_order(window.lengths, attend_rows, batch_size)
        return attended

    def signatures(self) -> dict[str, Callable]:
        """Returns `serving_default`: `image`, strings [batch], JPEG or PNG bytes, to what `write` returns."""

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")], autograph=False)
        def serving_default(image: tf.Tensor) -> dict[str, tf.Tensor]:
            return self.caption(image)

        return {"serving_default": serving_default}


def _surprise_of_words(words: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Returns the nats of saying which words an image's captions hold, [images]; 0 where there is no caption.

    Args:
        words: int32 [images, captions, time].
        logits: float [images, vocabulary].
    """
    logits = tf.cast(logits, tf.float32)
    images = tf.repeat(tf.range(tf.shape(words)[0]), tf.reduce_prod(tf.shape(words)[1:]))
    places = tf.stack([images, tf.reshape(words, [-1])], axis=1)
    held = tf.scatter_nd(places, tf.ones_like(images, tf.float32), tf.shape(logits))
    surprise = tf.nn.sigmoid_cross_entropy_with_logits(tf.minimum(held, 1.0), logits)
    captioned = tf.cast(tf.reduce_any(words > 0, axis=[1, 2]), tf.float32)
    return tf.reduce_sum(surprise[:, RESERVED_WITH_ENDS:], axis=1) * captioned
