"""Errors of the input pipeline, as one clear line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import tensorflow as tf


@contextlib.contextmanager
def data_errors() -> Iterator[None]:
    """Turns what a reader raised inside `tf.data` back into one clear line."""
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.UnknownError, tf.errors.NotFoundError) as error:
        message = _readers_message(str(error))
        if message is None:
            raise
        raise ValueError(message) from error


def _readers_message(text: str) -> str | None:
    """Finds the message of a Python exception or assertion of ours in TensorFlow's report."""
    for line in text.splitlines():
        for marker in ("ValueError: ", "FileNotFoundError: ", "assertion failed: "):
            if marker in line:
                return line.partition(marker)[2].strip()
    return None
