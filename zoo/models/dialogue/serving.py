"""What an exported model of dialogues answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import tensorflow as tf

from zoo.models.drawing import Settings

if TYPE_CHECKING:
    from zoo.models.dialogue.dialogue_model import DialogueModel


def dialogue_signatures(model: DialogueModel) -> dict[str, Callable]:
    """Makes the functions that an export serves.

    Both take `turns`, strings [batch, turns], padded with empty ones.

    Returns:
        `serving_default`: to what `zoo.models.dialogue.replies.search` returns.
        `sample`: with the scalars `length` (int32, at least 1), `temperature` (float32), `top_k` (int32, 0 for all),
        `top_p` (float32, 1 for all) and `seed` (int64) besides, to what `zoo.models.dialogue.replies.draw` returns.
    """
    turns = tf.TensorSpec([None, None], tf.string, name="turns")

    @tf.function(input_signature=[turns], autograph=False)
    def serving_default(turns: tf.Tensor) -> dict[str, tf.Tensor]:
        return model.searched(turns)

    @tf.function(input_signature=[turns, *Settings.signature()], autograph=False)
    def sample(
        turns: tf.Tensor,
        length: tf.Tensor,
        temperature: tf.Tensor,
        top_k: tf.Tensor,
        top_p: tf.Tensor,
        seed: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        settings = (length, temperature, top_k, top_p)
        with tf.control_dependencies(Settings.checks("sample", *settings)):
            return model.drawn(tf.identity(turns), *settings, seed)

    return {"serving_default": serving_default, "sample": sample}
