"""Whatever a model of dialogues is given, as single records to learn from or as windows of histories to answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.datasets.dialogues import from_dialogues
from zoo.preprocessing.batching import mapped_in_place, ragged, streamed

WINDOW = 1024  # histories held together when answering
_LABELS = ("acts", "emotions")


class HistoryWindow(NamedTuple):
    """Dialogues that are gone on with together.

    Attributes:
        turns: Ragged strings [histories, turns], of which none is blank.
        lengths: int [histories], the room that each takes: turns by the words of the longest, about.
    """

    turns: tf.RaggedTensor
    lengths: np.ndarray


def dialogue_dataset(x: Any, y: Any = None) -> tf.data.Dataset:
    """Checks a dataset's fields, or makes a dataset of lists.

    Args:
        x: A dataset of records with `turns`, and perhaps `acts` and `emotions`; or a list of dialogues, each a list of
            turns.
        y: With a list, perhaps the acts of each dialogue, one a turn.

    Returns:
        Records: `turns`, strings [n], two or more, and what there is of `acts` and `emotions`, strings [n].

    Raises:
        TypeError: Neither of these.
        ValueError: Missing fields, batched records, or dialogues that `zoo.datasets.from_dialogues` refuses.
    """
    if isinstance(x, tf.data.Dataset):
        names = _check(x.element_spec)
        return mapped_in_place(x, lambda record: _checked({name: record[name] for name in names}))
    if isinstance(x, (str, bytes, Mapping)) or not isinstance(x, Iterable):
        raise TypeError("fit and evaluate take a tf.data.Dataset of records, or a list of dialogues (lists of turns)")
    return from_dialogues(list(x), None if y is None else list(y))


def _check(spec: Any) -> list[str]:
    """Returns the fields that are read."""
    fields = sorted(spec) if isinstance(spec, Mapping) else spec
    if not isinstance(spec, Mapping) or "turns" not in spec:
        raise ValueError(
            f"a model of dialogues reads records with `turns`; these have {fields}: take a data set of dialogues "
            "(dialogue_sample; schema_guided_dialogue or wiki_dialog of TensorFlow Datasets), or files of your own"
        )
    names = [name for name in ("turns", *_LABELS) if name in spec]
    for name in names:
        if getattr(spec[name], "shape", tf.TensorShape(None)).rank not in (1, None):
            raise ValueError(f"`{name}` has shape {spec[name].shape}: records must be single, so leave out .batch()")
    return names


def _checked(record: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns a record after checking that there is something to learn from."""
    turns = record["turns"]
    blank = tf.reduce_any(tf.equal(tf.strings.strip(turns), ""))
    checks = [
        tf.debugging.Assert(tf.size(turns) > 1, ["a dialogue of fewer than two turns has nothing to answer:", turns]),
        tf.debugging.Assert(~blank, ["a dialogue has an empty turn:", turns]),
        *(
            tf.debugging.Assert(
                tf.equal(tf.size(labels), tf.size(turns)), [f"a dialogue has other numbers of turns and {name}:", turns]
            )
            for name, labels in record.items()
        ),
    ]
    with tf.control_dependencies(checks):
        return {name: tf.identity(part) for name, part in record.items()}


def windows(x: Any) -> Iterator[HistoryWindow]:
    """Cuts a list of histories (lists of turns), or a dataset of records with `turns`, into windows.

    Raises:
        TypeError: `x` is something else.
        ValueError: The dataset's records have no `turns` or are batched, or a history has no turn or a blank one.
    """
    if isinstance(x, tf.data.Dataset):
        _check(x.element_spec)
        for batch in streamed(x.map(lambda record: record["turns"]).ragged_batch(WINDOW)):
            yield _window([[turn.decode("utf-8", "replace") for turn in row] for row in ragged(batch).to_list()])
        return
    if isinstance(x, (str, bytes, Mapping)) or not isinstance(x, Iterable):
        raise TypeError(f"predict takes a list of histories (lists of turns), not {type(x).__name__}: write [[...]]")
    histories = list(x)
    for first in range(0, len(histories), WINDOW):
        yield _window(histories[first : first + WINDOW], first)


def _window(histories: Sequence[Sequence[str]], first: int = 0) -> HistoryWindow:
    for number, history in enumerate(histories, first):
        listed = isinstance(history, Iterable) and not isinstance(history, (str, bytes, Mapping))
        if not listed or not all(isinstance(turn, str) and turn.strip() for turn in history) or not len(history):
            raise ValueError(
                f"history {number} (from 0) is {_short(history)}; give a list of turns, none of them empty"
            )
    flat = [turn.encode(errors="replace") for history in histories for turn in history]
    turns = tf.RaggedTensor.from_row_lengths(tf.constant(flat, tf.string), [len(history) for history in histories])
    lengths = [len(history) * (1 + max(len(turn.split()) for turn in history)) for history in histories]
    return HistoryWindow(turns, np.array(lengths, int))


def _short(history: Any) -> str:
    text = repr(history)
    return text if len(text) <= 80 else f"{text[:77]}..."
