"""The language model's network: first states of zeros or of a label, and the shared decoder."""

from __future__ import annotations

import keras
import tensorflow as tf

from zoo import cells
from zoo.config.language_model import LanguageModelConfig
from zoo.layers.bridge import LabelBridge, ZeroBridge
from zoo.layers.decoder import Decoder


@keras.saving.register_keras_serializable(package="zoo")
class WhereFresh(keras.layers.Layer):
    """Chooses, row by row, between the first states of a text and the states of the window before."""

    def call(self, fresh: tf.Tensor, first: list[tf.Tensor], carried: list[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the states that a window begins with.

        Args:
            fresh: bool [rows].
            first: First states, each [rows, units].
            carried: States of the window before, each [rows, units].
        """
        return [
            tf.where(fresh[:, tf.newaxis], new, tf.cast(old, new.dtype))
            for new, old in zip(first, carried, strict=True)
        ]


def language_network(config: LanguageModelConfig, num_tokens: int, num_labels: int) -> keras.Model:
    """Composes the network.

    Args:
        config: What to compose.
        num_tokens: How many token numbers there are, reserved ones included.
        num_labels: How many labels a text may begin with; 0 where there are none.

    Returns:
        From `token_ids` and `padding_mask` [rows, time], `fresh` bool [rows], `states` (a list, each [rows, units])
        and, with labels, `label` int32 [rows], to `logits` [rows, time, num_tokens] and `states`, those at the end.
    """
    layers = [
        cells.get(config.cell, config.units, recurrent_dropout=config.recurrent_dropout) for _ in range(config.depth)
    ]
    decoder = Decoder(
        num_tokens, config.embedding_dim, layers, tied=config.tied, dropout=config.dropout,
        train_embeddings=config.learns_embeddings, name="decoder",
    )  # fmt: skip
    inputs = {
        "token_ids": keras.Input([None], dtype="int32", name="token_ids"),
        "padding_mask": keras.Input([None], dtype="bool", name="padding_mask"),
        "fresh": keras.Input([], dtype="bool", name="fresh"),
        "states": [
            keras.Input([size], dtype=decoder.compute_dtype, name=f"state_{number}")
            for number, size in enumerate(decoder.state_sizes)
        ],
    }
    if num_labels:
        inputs["label"] = keras.Input([], dtype="int32", name="label")
        first = LabelBridge(num_labels, decoder.state_sizes, name="bridge")(inputs["label"])
    else:
        first = ZeroBridge(decoder.state_sizes, name="bridge")(inputs["token_ids"])
    states = WhereFresh(name="first_states")(inputs["fresh"], first, inputs["states"])
    logits, states = decoder(inputs["token_ids"], states=states, mask=inputs["padding_mask"])
    return keras.Model(inputs, {"logits": logits, "states": states}, name="language_model")
