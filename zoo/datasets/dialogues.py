"""Dialogues as `tf.data` of single raw records, a list of turns each, perhaps with an act and an emotion a turn."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.datasets.dialogue_files import Dialogue, Source, beside, iterate
from zoo.datasets.problems import OnError, Problems

if TYPE_CHECKING:
    import tensorflow as tf

LabelFile = str | os.PathLike | bool

_CHUNK = 256
_LABELS = ("acts", "emotions")


def read_dialogues(
    path: str | os.PathLike,
    *,
    acts: LabelFile = False,
    emotions: LabelFile = False,
    on_error: OnError = "raise",
) -> tf.data.Dataset:
    """Reads dialogues as a dataset of single raw records. The file is streamed: once to check it, then once an epoch.

    Args:
        path: A UTF-8 file, gzipped or not, with one dialogue a line; its name says how turns are written:
            `.jsonl` (or `.json`, `.ndjson`): `{"turns": ["...", ...]}`, perhaps with lists `acts` and `emotions`; or
            `{"turns": [{"text": "...", "act": "...", "emotion": "..."}, ...]}`, where `act` and `emotion` may be
            left out, and anything else, such as `speaker`, is not read;
            `.tsv`: `question TAB answer`, a dialogue of two turns; a first row that says just that is a header;
            any other: each turn ends with `__eou__`, as in DailyDialog.
        acts: A file with the acts of the turns, a line a dialogue, separated by blanks; True finds it beside the
            dialogues (`dialogues_act_train.txt` for `dialogues_train.txt`, `train_act.txt` for `train.txt`).
        emotions: A file with the emotions of the turns, likewise.
        on_error: What becomes of a dialogue that cannot be used (empty, of a single turn, with an empty turn, with
            other than one label a turn, broken): `raise`, or `skip`, which leaves it out and logs how many of each kind
            there were. See `Reader`.

    Returns:
        A dataset of known cardinality, in the file's order, of `{"turns": tf.string [n]}`, with `"acts": tf.string [n]`
        and `"emotions": tf.string [n]` where the file has them. n is two or more, and no turn is empty.

    Raises:
        FileNotFoundError: A file is not there.
        ValueError: One is malformed, or holds nothing that can be used; the message begins with the file and, if there
            is one, the line.
    """
    return Reader(acts=acts, emotions=emotions, on_error=on_error)(path)


def from_dialogues(
    dialogues: Sequence[Sequence[str]],
    acts: Sequence[Sequence[str | int]] | None = None,
    emotions: Sequence[Sequence[str | int]] | None = None,
) -> tf.data.Dataset:
    """Makes a dataset of dialogues that are in memory.

    Args:
        dialogues: The turns of each, two or more.
        acts: The act of each turn; a number becomes a string.
        emotions: The emotion of each turn, likewise.

    Returns:
        A dataset of single records, in order, as `read_dialogues` makes them.

    Raises:
        ValueError: There are no dialogues, one has fewer than two turns or an empty one, or the labels are not one a
            turn.
    """
    if not len(dialogues):
        raise ValueError("no dialogues; give at least one")
    labels = {name: given for name, given in zip(_LABELS, (acts, emotions), strict=True) if given is not None}
    for name, given in labels.items():
        if len(given) != len(dialogues):
            raise ValueError(f"{len(dialogues)} dialogues, but {len(given)} lists of {name}; give a list for each")
    records = [
        _checked(index, turns, {name: given[index] for name, given in labels.items()})
        for index, turns in enumerate(dialogues)
    ]
    return from_stream(lambda: records, len(records), tuple(labels))


def _checked(index: int, turns: Sequence[str], labels: dict[str, Sequence[str | int]]) -> Dialogue:
    """Makes a dialogue of what is in memory, if something can be learnt from it."""
    from zoo.preprocessing.labels import check_label, label_name

    if isinstance(turns, str) or len(turns) < 2:
        raise ValueError(f"dialogue {index} (from 0) is {turns!r}; give a list of two or more turns")
    if not all(isinstance(turn, str) and turn.strip() for turn in turns):
        raise ValueError(f"dialogue {index} (from 0) is {turns!r}; give turns that are texts and not empty")
    for name, given in labels.items():
        if len(given) != len(turns):
            raise ValueError(
                f"dialogue {index} (from 0) has {len(turns)} turns, but {len(given)} {name}; give one each"
            )
        for number, label in enumerate(given):
            check_label(label, f"{name}: turn {number} of dialogue {index} (from 0)")
    return Dialogue(list(turns), **{name: [label_name(label) for label in given] for name, given in labels.items()})


def from_stream(
    dialogues: Callable[[], Iterable[Dialogue]], records: int, labels: Sequence[str] = ()
) -> tf.data.Dataset:
    """Makes a dataset of single records from a stream.

    Crossing from Python to `tf.data` costs about 100 us, which is paid once a chunk and not once a record.

    Args:
        dialogues: Starts the stream; called once an epoch.
        records: How many dialogues the stream holds.
        labels: Which labels they all have, of `acts` and `emotions`.

    Returns:
        A dataset of that cardinality, as `read_dialogues` makes them.
    """
    import tensorflow as tf

    from zoo.preprocessing.batching import mapped_in_place

    features = ("turns", *labels)

    def chunks() -> Iterator[tuple[list[int], ...]]:
        stream = iter(dialogues())
        while chunk := list(islice(stream, _CHUNK)):
            flat = (chain.from_iterable(getattr(dialogue, name) for dialogue in chunk) for name in features)
            texts = ([text.encode(errors="replace") for text in texts] for texts in flat)
            yield [len(dialogue.turns) for dialogue in chunk], *texts

    def rows(lengths: tf.Tensor, *texts: tf.Tensor) -> tuple[tf.RaggedTensor, ...]:
        return tuple(tf.RaggedTensor.from_row_lengths(flat, lengths) for flat in texts)

    def record(*texts: tf.Tensor) -> dict[str, tf.Tensor]:
        return {name: tf.ensure_shape(text, [None]) for name, text in zip(features, texts, strict=True)}

    signature = (tf.TensorSpec([None], tf.int64), *(tf.TensorSpec([None], tf.string) for _ in features))
    stream = tf.data.Dataset.from_generator(chunks, output_signature=signature).map(rows).prefetch(1).unbatch()
    return mapped_in_place(stream, record).apply(tf.data.experimental.assert_cardinality(records))


class Reader:
    """Reads the files of one run alike.

    Attributes:
        skipped: How many dialogues of each kind were left out.
    """

    def __init__(self, *, acts: LabelFile = False, emotions: LabelFile = False, on_error: OnError = "raise") -> None:
        """Remembers how files are read; reads nothing yet.

        Args:
            acts: As for `read_dialogues`; of several files each needs its own, so True.
            emotions: Likewise.
            on_error: Likewise.

        Raises:
            ValueError: `on_error` is something else.
        """
        Problems(on_error)  # which checks it
        self._labels = {"acts": acts, "emotions": emotions}
        self._on_error = on_error
        self.skipped: Counter[str] = Counter()

    def __call__(self, path: str | os.PathLike) -> tf.data.Dataset:
        """Reads a file as `read_dialogues` does."""
        path = Path(path)
        files = {name: self._file(path, name) for name in _LABELS}
        source, problems = Source(path, **files), Problems(self._on_error)
        count, labels = 0, ()
        for dialogue in iterate(source, problems):
            if not count:
                labels = tuple(name for name in _LABELS if getattr(dialogue, name) is not None)
            count += 1
        self.skipped.update(problems.tell(path))
        if not count:
            raise ValueError(f"{path}: there is no dialogue in it; name a file with a dialogue a line")
        return from_stream(lambda: iterate(source, Problems(self._on_error)), count, labels)

    def _file(self, path: Path, name: str) -> Path | None:
        """The file of labels, or None if there is to be none."""
        given = self._labels[name]
        if isinstance(given, bool):
            return beside(path, name[:-1]) if given else None
        return Path(given)
