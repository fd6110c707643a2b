"""Texts with labels as `tf.data` of single raw records, `{"text": tf.string [], "label": tf.string []}`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import tensorflow as tf

from zoo.preprocessing.batching import mapped_in_place
from zoo.preprocessing.labels import check_label, label_name

_CHUNK = 256


def from_texts(texts: Sequence[str], labels: Sequence[str | float]) -> tf.data.Dataset:
    """Makes a dataset of texts that are in memory.

    Args:
        texts: The texts.
        labels: The label of each: a string, or a number, which becomes one.

    Returns:
        A dataset of single records, in order, of `{"text": tf.string [], "label": tf.string []}`.

    Raises:
        ValueError: If there are no texts, the counts differ, a text or a label is empty, a text is no string, or a
            label is missing (None, NaN).
    """
    if len(texts) != len(labels):
        raise ValueError(f"{len(texts)} texts but {len(labels)} labels; give one for each text")
    if not len(texts):
        raise ValueError("no texts; give at least one")
    for index, label in enumerate(labels):
        check_label(label, f"record {index} (from 0)")
    named = [label_name(label) for label in labels]
    for index, (text, label) in enumerate(zip(texts, named, strict=True)):
        if not isinstance(text, str):
            raise ValueError(f"text {index} (from 0) is {text!r}; give a string")
        if not text.strip() or not label.strip():
            raise ValueError(f"the {'label' if text.strip() else 'text'} of record {index} (from 0) is empty")
    encoded = ([value.encode(errors="replace") for value in values] for values in (texts, named))
    return tf.data.Dataset.from_tensor_slices(dict(zip(("text", "label"), encoded, strict=True)))


def from_stream(pairs: Callable[[], Iterable[tuple[str, str]]], records: int) -> tf.data.Dataset:
    """Makes a dataset of single records from a stream.

    Crossing from Python to `tf.data` costs about 100 us, which is paid once a chunk and not once a record.

    Args:
        pairs: Starts the stream of (text, label); called once an epoch.
        records: How many records the stream holds.

    Returns:
        A dataset of `{"text": tf.string [], "label": tf.string []}` of that cardinality.
    """

    def chunks() -> Iterator[tuple[list[bytes], list[bytes]]]:
        stream = iter(pairs())
        while chunk := list(islice(stream, _CHUNK)):
            yield [text.encode() for text, _ in chunk], [label.encode() for _, label in chunk]

    signature = (tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.string))
    stream = tf.data.Dataset.from_generator(chunks, output_signature=signature).prefetch(1).unbatch()
    stream = mapped_in_place(stream, lambda text, label: {"text": text, "label": label})
    return stream.apply(tf.data.experimental.assert_cardinality(records))
