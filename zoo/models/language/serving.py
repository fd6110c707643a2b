"""What an exported language model answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import tensorflow as tf

from zoo.models.drawing import Settings
from zoo.preprocessing.token_codec import unknown
from zoo.preprocessing.tokenisation import pad

if TYPE_CHECKING:
    from zoo.models.language.language_model import LanguageModel


def language_signatures(model: LanguageModel) -> dict[str, Callable]:
    """Makes the functions that an export serves.

    Where texts begin with a label, both take `label`, strings [batch], besides.

    Returns:
        `serving_default`: `text`, strings [batch], to `log_probability` (nats, the end included) and
        `bits_per_character`, float32 [batch], `tokens` and `unknown` (how many the text has, and how many of them the
        model does not know), int32 [batch].
        `generate`: `text`, strings [batch], and the scalars `length` (int32, at least 1), `temperature` (float32),
        `top_k` (int32, 0 for all), `top_p` (float32, 1 for all) and `seed` (int64) to `continuation`, strings [batch],
        `log_probability`, float32 [batch], `tokens`, int32 [batch], and `ended`, bool [batch].
    """
    codec, labels = model.preprocessor.codec, model.preprocessor.labels
    text = tf.TensorSpec([None], tf.string, name="text")
    label = tf.TensorSpec([None], tf.string, name="label")
    scalars = Settings.signature()

    def score(text: tf.Tensor, label: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        token_ids = codec.encode(text)
        lengths = tf.cast(token_ids.row_lengths(), tf.int32)
        of_tokens = model.probabilities(pad(token_ids), lengths, None if label is None else labels.encode(label))
        log_probability = tf.reduce_sum(of_tokens, axis=1)
        characters = tf.maximum(tf.strings.length(text, unit="UTF8_CHAR"), 1)
        return {
            "log_probability": log_probability,
            "bits_per_character": -log_probability / tf.math.log(2.0) / tf.cast(characters, tf.float32),
            "tokens": lengths,
            "unknown": tf.reduce_sum(tf.cast(unknown(token_ids), tf.int32), axis=1),
        }

    def generate(text: tf.Tensor, label: tf.Tensor | None, *settings: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.control_dependencies(Settings.checks("generate", *settings[:-1])):
            text = tf.identity(text)
        number = None if label is None else labels.encode(label)
        continuation, tokens, log_probability, ended = model.write(text, number, *settings)
        return {
            "continuation": continuation, "log_probability": log_probability, "tokens": tokens, "ended": ended,
        }  # fmt: skip

    def served(function: Callable, signature: list[tf.TensorSpec]) -> Callable:
        return tf.function(function, input_signature=signature, autograph=False)

    if labels is not None:
        return {
            "serving_default": served(score, [text, label]),
            "generate": served(
                lambda text, label, length, temperature, top_k, top_p, seed: generate(
                    text, label, length, temperature, top_k, top_p, seed
                ),
                [text, label, *scalars],
            ),
        }
    return {
        "serving_default": served(lambda text: score(text), [text]),
        "generate": served(
            lambda text, length, temperature, top_k, top_p, seed: generate(
                text, None, length, temperature, top_k, top_p, seed
            ),
            [text, *scalars],
        ),
    }
