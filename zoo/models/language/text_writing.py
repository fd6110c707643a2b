"""Going on from a text, token by token."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from zoo.decoding import Decoded, forbidding, sample
from zoo.layers.decoder import Decoder
from zoo.models.language.text_probability import window_size
from zoo.preprocessing.labels import label_name
from zoo.preprocessing.token_codec import never_written
from zoo.preprocessing.vocabulary import END_ID


def labels_of(
    texts: Sequence[str], labels: str | float | Sequence[str | float] | None, known: Sequence[str], what: str
) -> list[str] | None:
    """Returns the label of each text, or None where the model has learnt texts without labels.

    Args:
        texts: The texts.
        labels: One for all, or one for each.
        known: The labels that the model has learnt.
        what: Who asks, for the error.

    Raises:
        TypeError: A text is no string.
        ValueError: A label is missing, too many, or unknown.
    """
    if any(not isinstance(text, str) for text in texts):
        raise TypeError(f"{what}: texts must be strings")
    if labels is None:
        if known:
            raise ValueError(f"{what}: this model's texts begin with a label; name one of {', '.join(known)}")
        return None
    named = [labels] * len(texts) if isinstance(labels, (str, int, float)) else list(labels)
    if len(named) != len(texts):
        raise ValueError(f"{what}: {len(texts)} texts but {len(named)} labels; give one for each")
    named = [label_name(name) for name in named]
    if unknown := [name for name in named if name not in known]:
        allowed = ", ".join(known) or "none, since it learnt texts without labels"
        raise ValueError(f"{what}: no label {unknown[0]!r}; the model knows {allowed}")
    return named


def after_all_but_last(
    decoder: Decoder, states: list[tf.Tensor], inputs: tf.Tensor, lengths: tf.Tensor
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Reads all of each text but its last token, which is what a search reads first, a window at a time.

    Args:
        decoder: The decoder.
        states: Its first states.
        inputs: int32 [rows, time], begin and the tokens, 0 on the right; time at least 1.
        lengths: int32 [rows], how many of them are real, at least 1.

    Returns:
        The last tokens, int32 [rows], and the states before them.
    """
    window, time = window_size(decoder, inputs), tf.shape(inputs)[1]
    before = tf.sequence_mask(lengths - 1, time)

    def one_more(part: tf.Tensor, states: list[tf.Tensor]) -> tuple:
        place = slice(part * window, (part + 1) * window)
        _, after = decoder(inputs[:, place], states=states, mask=before[:, place], training=False)
        return part + 1, [tf.ensure_shape(new, old.shape) for new, old in zip(after, states, strict=True)]

    start = (tf.constant(0), [tf.identity(state) for state in states])
    _, states = tf.while_loop(lambda part, _: part * window < time, one_more, start)
    return tf.gather(inputs, lengths - 1, batch_dims=1), states


def write(
    decoder: Decoder,
    states: list[tf.Tensor],
    inputs: tf.Tensor,
    lengths: tf.Tensor,
    length: tf.Tensor,
    temperature: tf.Tensor,
    top_k: tf.Tensor,
    top_p: tf.Tensor,
    seed: tf.Tensor,
) -> Decoded:
    """Draws what follows, all in one graph.

    Args:
        decoder: The decoder.
        states: Its first states.
        inputs: As `after_all_but_last`.
        lengths: As `after_all_but_last`.
        length: As `zoo.models.drawing.Settings`, a scalar, and so are those that follow.
        temperature: As `Settings`.
        top_k: As `Settings`.
        top_p: As `Settings`.
        seed: As `Settings`.

    Returns:
        Tokens, how many, and their log-probability.
    """
    first, states = after_all_but_last(decoder, states, inputs, lengths)
    return sample(
        decoder.stepper(), first, states, max_length=length, seed=seed, temperature=temperature, top_k=top_k,
        top_p=top_p, end=END_ID, adjust=forbidding(never_written()),
    )  # fmt: skip
