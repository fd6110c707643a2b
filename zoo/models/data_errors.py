"""Errors of the input pipeline, as one clear line."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf

# What `tf.debugging.Assert` reports of its data: in a graph "[...] [...]", strings with C escapes; eagerly a line for
# each tensor, strings as Python writes bytes.
_IN_A_GRAPH = re.compile(r"assertion failed: \[(.*)\]")
_EAGERLY = re.compile(r"Expected '.*?' to be true\. Summarized data: (.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\(['\"\\])")
_BYTES = re.compile(r"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*\"""")


@contextlib.contextmanager
def data_errors() -> Iterator[None]:
    """Turns what a reader or an assertion raised inside `tf.data` back into one clear line.

    Raises:
        ValueError: With the reader's message, or the assertion's data as a plain sentence.
    """
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.UnknownError, tf.errors.NotFoundError) as error:
        text = str(error)
        message = _readers_message(text) or _assertions_message(text)
        if message is None:
            raise
        raise ValueError(message) from error


def _readers_message(text: str) -> str | None:
    """Finds the message of a Python exception of ours in TensorFlow's report."""
    for line in text.splitlines():
        for marker in ("ValueError: ", "FileNotFoundError: "):
            if marker in line:
                return line.partition(marker)[2].strip()
    return None


def _assertions_message(text: str) -> str | None:
    """Finds the data of a failed assertion in TensorFlow's report, and says them as they were written."""
    if found := _IN_A_GRAPH.search(text):
        return _ESCAPED.sub(r"\1", " ".join(found[1].split("] ["))).strip()
    if found := _EAGERLY.search(text):
        plain = _BYTES.sub(lambda literal: ast.literal_eval(literal[0]).decode("utf-8", "replace"), found[1])
        return " ".join(plain.splitlines()).strip()
    return None
