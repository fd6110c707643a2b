"""A vector for each word from its characters: what a tagger knows of words it has never seen."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.layers.bidirectional import Bidirectional
from zoo.layers.recurrent import Recurrent
from zoo.layers.windows import windows


class _Characters(keras.layers.Layer):
    """Embeds the characters of every word and leaves the rest to `read`."""

    def __init__(self, num_chars: int, char_dim: int, dropout: float, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_chars, self.char_dim, self.dropout, self.seed = num_chars, char_dim, dropout, seed
        scale = (3.0 / char_dim) ** 0.5  # Ma & Hovy (2016), section 3.1
        self.embedding = keras.layers.Embedding(
            num_chars,
            char_dim,
            embeddings_initializer=keras.initializers.RandomUniform(-scale, scale, seed=seed),
            dtype=self.dtype_policy,
        )
        self.drop = keras.layers.Dropout(dropout, seed=seed, dtype=self.dtype_policy)

    def build(self, char_ids_shape: tuple) -> None:
        """Creates the embedding."""
        self.embedding.build((None, None))

    def call(self, char_ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Turns int [batch, time, chars] (0 is padding) into float [batch, time, features]."""
        shape = tf.shape(char_ids)
        flat = tf.reshape(char_ids, [-1, shape[2]])
        words = self.read(self.drop(self.embedding(flat), training=training), flat > 0, training)
        return tf.reshape(words, [shape[0], shape[1], words.shape[-1]])

    def read(self, embedded: tf.Tensor, mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Turns [words, chars, char_dim] into [words, features]."""
        raise TypeError(f"{type(self).__name__} does not say how characters become a word: define read()")

    def compute_output_shape(self, char_ids_shape: tuple) -> tuple:
        """[batch, time, chars] -> [batch, time, features]."""
        return (*char_ids_shape[:2], self.features)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        names = ("num_chars", "char_dim", "dropout", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="zoo")
class CharacterCNN(_Characters):
    """Convolution over a word's characters and the maximum over places (Ma & Hovy 2016, section 2.1).

    Input: int [batch, time, chars], 0 = padding. Output: float [batch, time, filters].
    """

    def __init__(
        self,
        num_chars: int,
        char_dim: int = 30,
        filters: int = 30,
        width: int = 3,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Makes the layer.

        Args:
            num_chars: Distinct character ids, padding and unknown included.
            char_dim: Size of a character embedding.
            filters: Features of a word.
            width: Characters that a filter sees.
            dropout: On the character embeddings.
            seed: Of the initial weights and the dropout.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(num_chars, char_dim, dropout, seed, **kwargs)
        self.filters = self.features = filters
        self.width = width

    def build(self, char_ids_shape: tuple) -> None:
        """Creates embedding, kernel [width * char_dim, filters] and bias."""
        super().build(char_ids_shape)
        initializer = keras.initializers.GlorotUniform(seed=self.seed)
        self.kernel = self.add_weight(
            shape=(self.width * self.char_dim, self.filters), initializer=initializer, name="kernel"
        )
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def read(self, embedded: tf.Tensor, mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Turns [words, chars, char_dim] into [words, filters]."""
        embedded *= tf.cast(mask, embedded.dtype)[:, :, tf.newaxis]
        length = tf.shape(embedded)[1]
        features = tf.matmul(
            tf.reshape(windows(embedded, self.width), [-1, self.width * self.char_dim]),
            tf.convert_to_tensor(self.kernel),
        )
        features = tf.reshape(features, [-1, length, self.filters])
        lowest = tf.where(mask, tf.zeros([], features.dtype), tf.constant(-1e4, features.dtype))
        best = tf.reduce_max(features + lowest[:, :, tf.newaxis], axis=1)
        best = tf.where(tf.reduce_any(mask, axis=1, keepdims=True), best, tf.zeros([], best.dtype))
        return best + tf.convert_to_tensor(self.bias)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "filters": self.filters, "width": self.width}


@keras.saving.register_keras_serializable(package="zoo")
class CharacterBiRNN(_Characters):
    """The last states of a recurrent net that reads a word's characters both ways (Lample et al. 2016, section 4.1).

    Input: int [batch, time, chars], 0 = padding. Output: float [batch, time, 2 * units].
    """

    def __init__(
        self,
        cell: keras.layers.Layer,
        num_chars: int,
        char_dim: int = 30,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Makes the layer.

        Args:
            cell: Any cell; each direction gets its own copy.
            num_chars: Distinct character ids, padding and unknown included.
            char_dim: Size of a character embedding.
            dropout: On the character embeddings.
            seed: Of the initial weights and the dropout.
            **kwargs: Arguments of `keras.layers.Layer`.
        """
        super().__init__(num_chars, char_dim, dropout, seed, **kwargs)
        self.cell = cell
        self.features = 2 * cell.output_size
        self.both_ways = Bidirectional(Recurrent(cell, dtype=self.dtype_policy), dtype=self.dtype_policy)

    def build(self, char_ids_shape: tuple) -> None:
        """Creates embedding and recurrent layers."""
        super().build(char_ids_shape)
        self.both_ways.build((None, None, self.char_dim))

    def read(self, embedded: tf.Tensor, mask: tf.Tensor, training: bool) -> tf.Tensor:
        """Turns [words, chars, char_dim] into [words, 2 * units]."""
        return self.both_ways(embedded, mask=mask, training=training)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "cell": keras.saving.serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CharacterBiRNN:
        """Makes the layer that `get_config` described."""
        return cls(keras.saving.deserialize_keras_object(config.pop("cell")), **config)
