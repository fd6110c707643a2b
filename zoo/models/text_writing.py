"""Going on from a text, token by token."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from zoo.decoding import Decoded, forbidding, sample
from zoo.layers.decoder import Decoder
from zoo.models.text_probability import window_size
from zoo.preprocessing.labels import label_name
from zoo.preprocessing.token_codec import never_written
from zoo.preprocessing.vocabulary import END_ID

MOST_TOKENS = 1_000_000  # of one request: they are all held before the first is written


@dataclass(frozen=True)
class Settings:
    """How texts are gone on with: the numbers of a request, checked.

    Attributes:
        length: Tokens at most, from 1 to `MOST_TOKENS`.
        temperature: At least 0.
        top_k: At least 0, which means all.
        top_p: Between 0 and 1, which means all.
        seed: Of the draws.
    """

    length: int
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    @classmethod
    def of(cls, what: str, **numbers: Any) -> Settings:
        """Takes what a person gave to `what`; None means the default.

        Raises:
            TypeError: A number is none, or has a fraction where it must not.
            ValueError: A number is out of its range.
        """
        ranges = {
            "length": (1, MOST_TOKENS), "temperature": (0.0, 1e6), "top_k": (0, 2**31 - 1), "top_p": (0.0, 1.0),
            "seed": (-(2**63), 2**63 - 1),
        }  # fmt: skip
        taken = {}
        for name, value in numbers.items():
            if value is None:
                continue
            whole = name in ("length", "top_k", "seed")
            try:
                taken[name] = operator.index(value) if whole else float(value)
            except (TypeError, ValueError):
                kind = "a whole number" if whole else "a number"
                raise TypeError(f"{what}: {name} must be {kind}, got {value!r}") from None
            least, most = ranges[name]
            if not least <= taken[name] <= most or math.isnan(taken[name]):
                raise ValueError(f"{what}: {name} must be between {least} and {most}, got {value}")
        return cls(**taken)

    def tensors(self) -> tuple[tf.Tensor, ...]:
        """Returns the numbers as `Settings.signature` has them."""
        return tuple(tf.constant(getattr(self, spec.name), spec.dtype) for spec in self.signature())

    @staticmethod
    def signature() -> list[tf.TensorSpec]:
        """Returns what a graph takes, scalars in this order."""
        dtypes = {
            "length": tf.int32, "temperature": tf.float32, "top_k": tf.int32, "top_p": tf.float32, "seed": tf.int64,
        }  # fmt: skip
        return [tf.TensorSpec([], dtype, name=name) for name, dtype in dtypes.items()]

    @staticmethod
    def checks(
        what: str, length: tf.Tensor, temperature: tf.Tensor, top_k: tf.Tensor, top_p: tf.Tensor
    ) -> list[tf.Operation]:
        """Returns operations that refuse, in an export, what `of` refuses."""
        allowed = {
            f"length must be between 1 and {MOST_TOKENS}": ((length >= 1) & (length <= MOST_TOKENS), length),
            "temperature must be between 0 and 1e6": ((temperature >= 0.0) & (temperature <= 1e6), temperature),
            "top_k must be at least 0": (top_k >= 0, top_k),
            "top_p must be between 0 and 1": ((top_p >= 0.0) & (top_p <= 1.0), top_p),
        }
        return [tf.debugging.Assert(holds, [f"{what}: {rule}, got", value]) for rule, (holds, value) in allowed.items()]


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
        length: As `Settings`, a scalar, and so are those that follow.
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
