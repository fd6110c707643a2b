"""How texts are drawn: the numbers of a request, checked, in Python and in exports."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

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
