"""Where a model's variables live and its steps run. The names are known without TensorFlow."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

NAMES = ("none", "mirrored")


def strategy(name: str) -> tf.distribute.Strategy:
    """Returns the distribution strategy of that name; create and load models inside its `scope()`.

    Args:
        name: `none`: one device, a GPU if there is one. `mirrored`: all GPUs of this machine, or its (logical) CPUs.

    Raises:
        ValueError: An unknown name.
    """
    import tensorflow as tf

    if name == "none":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return _mirrored(tuple(device.name for device in devices))
    near = difflib.get_close_matches(name, NAMES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown strategy {name!r}: allowed are {' and '.join(NAMES)}{hint}")


@functools.cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    import tensorflow as tf

    # One object a process: each new one numbers its collective operations from the same start, and TensorFlow's runtime
    # then takes them for those of the one before, with "Shape mismatch in the collective instance".
    return tf.distribute.MirroredStrategy(devices)
