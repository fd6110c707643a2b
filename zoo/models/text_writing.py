"""Going on from a text, token by token."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from zoo.decoding import Decoded, forbidding, sample
from zoo.layers.decoder import Decoder
from zoo.preprocessing.token_codec import never_written
from zoo.preprocessing.vocabulary import END_ID


def after_all_but_last(
    decoder: Decoder, states: list[tf.Tensor], inputs: tf.Tensor, lengths: tf.Tensor
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Reads all of each text but its last token, which is what a search reads first.

    Args:
        decoder: The decoder.
        states: Its first states.
        inputs: int32 [rows, time], begin and the tokens, 0 on the right.
        lengths: int32 [rows], how many of them are real, at least 1.

    Returns:
        The last tokens, int32 [rows], and the states before them.
    """
    before = tf.sequence_mask(lengths - 1, tf.shape(inputs)[1])
    _, states = decoder(inputs, states=states, mask=before, training=False)
    return tf.gather(inputs, lengths - 1, batch_dims=1), states


def write(
    decoder: Decoder,
    states: list[tf.Tensor],
    inputs: tf.Tensor,
    lengths: tf.Tensor,
    *,
    length: tf.Tensor,
    temperature: tf.Tensor,
    top_k: tf.Tensor,
    top_p: tf.Tensor,
    seed: tf.Tensor,
) -> Decoded:
    """Draws what follows, all in one graph; see `zoo.decoding.sample` for the last five arguments.

    Args:
        decoder: The decoder.
        states: Its first states.
        inputs: As `after_all_but_last`.
        lengths: As `after_all_but_last`.
        length: Tokens at most; a text ends before that where the model ends it.
        temperature: Scalar.
        top_k: Scalar, 0 for all.
        top_p: Scalar, 1 for all.
        seed: Integer scalar.

    Returns:
        Tokens, how many, and their log-probability.
    """
    first, states = after_all_but_last(decoder, states, inputs, lengths)
    return sample(
        decoder.stepper(), first, states, max_length=length, seed=seed, temperature=temperature, top_k=top_k,
        top_p=top_p, end=END_ID, adjust=forbidding(never_written()),
    )  # fmt: skip


_RANGES = {"length": (1, 2**31 - 1), "temperature": (0.0, 1e6), "top_k": (0, 2**31 - 1), "top_p": (0.0, 1.0)}


def check_request(
    prompts: Sequence[str], labels: Sequence[str | None], known: Sequence[str], **numbers: float | None
) -> None:
    """Refuses what cannot be gone on with, by name.

    Args:
        prompts: The texts to go on from.
        labels: The label of each, or None.
        known: The labels that the model has learnt, perhaps none.
        **numbers: `length`, `temperature`, `top_k` and `top_p`; None means the default.

    Raises:
        TypeError: A prompt is no string.
        ValueError: A number is out of its range, or a label is missing or unknown.
    """
    for name, value in numbers.items():
        least, most = _RANGES[name]
        if value is not None and not least <= value <= most:
            raise ValueError(f"generate: {name} must be between {least} and {most}, got {value}")
    if any(not isinstance(text, str) for text in prompts):
        raise TypeError("generate takes a prompt, or a list of prompts, as strings")
    if len(labels) != len(prompts):
        raise ValueError(f"generate: {len(prompts)} prompts but {len(labels)} labels; give one for each")
    for name in labels:
        if name is None and known:
            raise ValueError(f"generate: this model's texts begin with a label; name one of {', '.join(known)}")
        if name is not None and name not in known:
            allowed = ", ".join(known) or "none, since it learnt texts without labels"
            raise ValueError(f"generate: no label {name!r}; the model knows {allowed}")
