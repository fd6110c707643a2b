"""The two conventions in which the literature writes the update gate."""

from __future__ import annotations

import tensorflow as tf

CONVENTIONS = ("keep", "renew")


def check_convention(update_gate: str) -> str:
    """Returns `update_gate` if it is a known convention.

    Raises:
        ValueError: It is not; the message names the known ones.
    """
    if update_gate not in CONVENTIONS:
        raise ValueError(f"`update_gate` must be one of {CONVENTIONS}, got {update_gate!r}")
    return update_gate


def mix(update_gate: str, z: tf.Tensor, h: tf.Tensor, candidate: tf.Tensor) -> tf.Tensor:
    """Mixes the previous state with the candidate; all tensors are `[batch, units]`.

    `"keep"`: z h + (1 - z) candidate, z says how much is kept. `"renew"`: (1 - z) h + z candidate, z says how much is
    new.
    """
    # One product less than the equation as written.
    if update_gate == "keep":
        return candidate + z * (h - candidate)
    return h + z * (candidate - h)
