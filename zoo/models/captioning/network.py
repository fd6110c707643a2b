"""The captioner's network: an encoder of images, a bridge, and the recurrent decoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from zoo import cells
from zoo.config.captioner import CaptionerConfig
from zoo.layers.attentive_decoder import AttentiveDecoder
from zoo.layers.backbones import application, hub_backbone, is_application
from zoo.layers.bridge import DenseBridge
from zoo.layers.decoder import Decoder
from zoo.layers.residual_encoder import residual_encoder

RESIDUAL = "residual"
_LOG_ODDS_OF_A_WORD = -5.0


class Seen(NamedTuple):
    """What is known of images before the first word.

    Attributes:
        states: The decoder's first states, each [images, units].
        memory: What the decoder may look at, [images, positions, channels]; None without attention.
        strongest: The largest value of each feature over all positions, [images, channels].
    """

    states: list[tf.Tensor]
    memory: tf.Tensor | None
    strongest: tf.Tensor


def image_encoder(config: CaptionerConfig, hub_config: Mapping[str, Any] | None = None) -> keras.Model:
    """Makes the encoder, with random weights (a preset of keras-hub: with its own, where they are asked for).

    Args:
        config: What to make.
        hub_config: The configuration of a keras-hub encoder that was made before; so nothing is fetched again.

    Returns:
        From images, float [batch, image_size, image_size, 3] between 0 and 1, to features, float [batch, rows, columns,
        channels].

    Raises:
        ValueError: An unknown backbone; the message says which names are near.
    """
    size = config.image_size
    if config.backbone == RESIDUAL:
        image = keras.Input([size, size, 3], name="image")
        network = residual_encoder(size, config.encoder_widths, config.encoder_blocks, name="residual")
        centred = keras.layers.Rescaling(2.0, -1.0, name="input_scale")(image)
        encoder = keras.Model(image, network(centred), name="encoder")
    elif is_application(config.backbone):
        encoder = application(config.backbone, size)
    elif hub_config is not None:
        import keras_hub  # noqa: F401  registers the classes that the configuration names

        encoder = keras.saving.deserialize_keras_object(hub_config)
    else:
        encoder = hub_backbone(config.backbone, size, pretrained=config.pretrained)
    _let_learn(encoder, config.train_backbone)
    return encoder


def _let_learn(model: keras.Model, learns: bool) -> None:
    """Freezes all layers, or none; the attribute of a model that was read from a configuration does not reach them."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _let_learn(layer, learns)
        layer.trainable = learns
    model.trainable = learns


class CaptionerNetwork(keras.Model):
    """Images and the words before, to logits of the next word.

    Images are encoded once, however many captions they have: an image's captions lie side by side in the decoder.

    Attributes:
        encoder: From images to maps of features.
        positions: What is added to the features of each place of the map, [rows, columns, channels].
        bridge: From a map's mean to the decoder's first states.
        decoder: A `Decoder`, or an `AttentiveDecoder` over the map's positions.
        concepts: From the strongest features of a map to the words that captions may hold: one place that shows what a
            word means is enough, and a thing is small. (A maximum over features for the noisy-or over places of Fang et
            al. 2015, section 3.1; the mean drowns shapes in the background.) None where this is not learnt.
    """

    def __init__(self, config: CaptionerConfig, vocabulary_size: int, encoder: keras.Model) -> None:
        """Composes the network and makes all weights.

        Args:
            config: What to compose.
            vocabulary_size: Distinct words, reserved numbers included.
            encoder: What `image_encoder` made.
        """
        super().__init__(name="captioner")
        self.encoder = encoder
        self._learns = config.train_backbone
        channels = encoder.output_shape[-1]
        layers = [cells.get(config.cell, config.units) for _ in range(config.depth)]
        common = {
            "tied": config.tied, "dropout": config.dropout, "train_embeddings": config.learns_embeddings,
            "name": "decoder",
        }  # fmt: skip
        if config.attention:
            self.decoder = AttentiveDecoder(
                vocabulary_size, config.word_dim, layers, context_dim=channels, attention_units=config.attention_units,
                gate=config.attention_gate, **common,
            )  # fmt: skip
        else:
            self.decoder = Decoder(vocabulary_size, config.word_dim, layers, **common)
        self.bridge = DenseBridge(self.decoder.state_sizes, name="bridge")
        # Features of a backbone come in any scale; the decoder's layers start from inputs of about 1.
        self.normalization = keras.layers.LayerNormalization(name="features_norm")
        self.features_dropout = keras.layers.Dropout(config.dropout, name="features_dropout")
        self.concepts = None
        if config.concepts:
            # Hardly any word is in an image's captions: the bias begins with that.
            rare = keras.initializers.Constant(_LOG_ODDS_OF_A_WORD)
            self.concepts = keras.layers.Dense(vocabulary_size, bias_initializer=rare, name="concepts")
            self.concepts.build((None, channels))
        # A convolution hardly knows where it is, and captions say what is left of what.
        self.positions = self.add_weight(
            name="positions", shape=encoder.output_shape[1:], initializer=keras.initializers.RandomNormal(stddev=0.1)
        )
        self.normalization.build(encoder.output_shape)
        self.bridge.build((None, channels))
        self.decoder.build((None, None))
        self.built = True

    def encode(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Turns images [batch, height, width, 3] into maps of features [batch, rows, columns, channels].

        A backbone that does not learn is run as in answers: its batch statistics stay, and nothing is dropped.
        """
        # TensorFlow's convolution fails on an empty batch (a replica's share), so that is given a black image.
        count = tf.shape(images)[0]
        filled = tf.pad(images, [[0, tf.maximum(1 - count, 0)], [0, 0], [0, 0], [0, 0]])
        filled = tf.ensure_shape(filled, [images.shape[0] or None, *images.shape[1:]])
        return self.encoder(filled, training=training and self._learns)[:count]

    def begin(self, features: tf.Tensor, training: bool = False) -> Seen:
        """Turns maps of features into the first states and the memory."""
        features = self.normalization(features)
        features += tf.cast(tf.convert_to_tensor(self.positions), features.dtype)
        memory = tf.reshape(features, [-1, features.shape[1] * features.shape[2], features.shape[3]])
        memory = self.features_dropout(memory, training=training)
        states, strongest = self.bridge(tf.reduce_mean(memory, axis=1)), tf.reduce_max(memory, axis=1)
        return Seen(states, memory if isinstance(self.decoder, AttentiveDecoder) else None, strongest)

    def call(
        self, tensors: Mapping[str, tf.Tensor], training: bool = False, reinjection_rate: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Reads captions word by word.

        Args:
            tensors: `image` [images, height, width, 3] or `features` [images, rows, columns, channels]; `token_ids`
                [images, captions, time], the words before each one that is to be predicted; `padding_mask`, bool of the
                same shape.
            training: Whether dropout is active.
            reinjection_rate: Share of the words that are replaced by the model's own choices; None replaces none.

        Returns:
            `logits` [images, captions, time, vocabulary]; with attention `attention` [images, captions, time,
            positions], the weights; with concepts `concepts` [images, vocabulary], logits of the words that
            the captions hold.
        """
        features = tensors["features"] if "features" in tensors else self.encode(tensors["image"], training)
        seen = self.begin(features, training)
        images, captions, time = tf.unstack(tf.shape(tensors["token_ids"]))
        static = tensors["token_ids"].shape
        tokens = tf.reshape(tensors["token_ids"], [images * captions, time])
        mask = tf.reshape(tensors["padding_mask"], [images * captions, time])
        states = [tf.repeat(state, captions, axis=0) for state in seen.states]
        given = {"states": states, "context": seen.memory, "mask": mask}
        if reinjection_rate is not None:
            tokens = self.decoder.reinjected(tokens, rate=reinjection_rate, **given)

        def unfolded(tensor: tf.Tensor) -> tf.Tensor:
            apart = tf.reshape(tensor, tf.concat([[images, captions], tf.shape(tensor)[1:]], axis=0))
            return tf.ensure_shape(apart, [*static, tensor.shape[-1]])

        outputs = {} if self.concepts is None else {"concepts": self.concepts(seen.strongest)}
        if seen.memory is None:
            return {**outputs, "logits": unfolded(self.decoder(tokens, training=training, **given)[0])}
        logits, _, weights = self.decoder(tokens, training=training, return_attention_scores=True, **given)
        return {**outputs, "logits": unfolded(logits), "attention": unfolded(weights)}
