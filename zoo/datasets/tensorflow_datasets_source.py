"""Tagged corpora of TensorFlow Datasets, as `tf.data` of single raw records."""

import difflib
import logging
import os
import re
from collections.abc import Callable, Sequence

import tensorflow as tf
import tensorflow_datasets as tfds

from zoo import tag_schemes

_logger = logging.getLogger(__name__)

_TOKENS = "tokens"
_TAGS = ("ner", "ner_tags", "tags", "labels")
_VALIDATION = ("validation", "valid", "dev")


def load(
    name: str, *, split: str = "train", data_dir: str | os.PathLike | None = None, known: Sequence[str] = ()
) -> tf.data.Dataset:
    """Loads a data set that has a sequence of tokens and one of tags; downloads it if it is not there yet.

    Tags of any scheme are read as conlleval reads them and come out in IOB2 (0/1 stays 0/1).

    Args:
        name: A name of TensorFlow Datasets, with a config if there are several: `"conll2003"`, `"wikiann/en"`.
        split: A split of it, sliced perhaps (`"train[:10%]"`); `"validation"`, `"valid"` and `"dev"` are one.
        data_dir: Where TensorFlow Datasets keeps its files.
        known: Further names to suggest where this one is unknown.

    Returns:
        A dataset of `{"tokens": tf.string [time], "tags": tf.string [time]}`, without empty sentences.

    Raises:
        ValueError: If there is no such data set or split, or if it has no tagged tokens.
        RuntimeError: If it has to be downloaded and cannot.
    """
    builder = _builder(name, data_dir, known)
    key, labels = _tag_feature(builder)
    if not builder.is_prepared():
        _download(builder)
    dataset = builder.as_dataset(split=_split(builder, split), shuffle_files=False)
    to_strings = _reader_of(labels)

    def record(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {"tokens": example[_TOKENS], "tags": to_strings(example[key])}

    # The builders for CoNLL files may end with an empty sentence.
    return dataset.filter(lambda example: tf.size(example[_TOKENS]) > 0).map(record)


def _builder(name: str, data_dir: str | os.PathLike | None, known: Sequence[str]) -> tfds.core.DatasetBuilder:
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError:
        nearest = difflib.get_close_matches(name, [*known, *tfds.list_builders()], n=3)
        advice = f"did you mean {' or '.join(nearest)}?" if nearest else f"known here: {', '.join(known)}"
        raise ValueError(f"no data set {name!r}, neither embedded nor in TensorFlow Datasets; {advice}") from None
    except ValueError as error:
        raise ValueError(f"TensorFlow Datasets cannot make {name!r}: {str(error).splitlines()[0]}") from None


def _tag_feature(builder: tfds.core.DatasetBuilder) -> tuple[str, list[str]]:
    """Finds the sequence of tags and their names."""
    features = builder.info.features
    if isinstance(features, tfds.features.FeaturesDict) and _TOKENS in features:
        for key in _TAGS:
            inner = getattr(features[key], "feature", None) if key in features else None
            if isinstance(inner, tfds.features.ClassLabel) and inner.names:
                return key, list(inner.names)
    raise ValueError(
        f"data set {builder.name!r} has no tagged tokens: expected a feature 'tokens' and one of "
        f"{', '.join(_TAGS)} with named classes, found {', '.join(sorted(features)) or 'none'}"
    )


def _download(builder: tfds.core.DatasetBuilder) -> None:
    _logger.info("downloading and preparing %s in %s", builder.name, builder.data_path)
    try:
        builder.download_and_prepare()
    except (OSError, tfds.download.DownloadError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RuntimeError(
            f"data set {builder.name!r} is not in {builder.data_path} and cannot be downloaded ({reason}); "
            "name the data_dir that has it, or train on files of your own"
        ) from error


def _split(builder: tfds.core.DatasetBuilder, split: str) -> str:
    """The split by the name that the builder has for it."""
    splits = list(builder.info.splits)
    base, bracket, rest = split.partition("[")
    if not splits or re.search(r"[+]", split):
        return split
    if base in _VALIDATION and base not in splits:
        base = next((name for name in _VALIDATION if name in splits), base)
    if base not in [*splits, "all"]:
        raise ValueError(f"data set {builder.name!r} has no split {split!r}; it has {', '.join(splits)}")
    return base + bracket + rest


def _reader_of(labels: Sequence[str]) -> Callable[[tf.Tensor], tf.Tensor]:
    """Makes the function from tag ids [time] to tags in IOB2 [time].

    The rules are those of `zoo.tag_schemes.spans`, as table look-ups, so that they run inside the graph of tf.data.
    """
    if set(labels) <= {"0", "1"}:
        return lambda ids: tf.gather(tf.constant(list(labels)), ids)
    parts = [tag_schemes.split(label) for label in labels]
    kinds = sorted({kind for _, kind in parts})
    kind_of = tf.constant([kinds.index(kind) for _, kind in parts])
    outside = tf.constant([prefix == "O" for prefix, _ in parts])
    begins = tf.constant([prefix in "BS" for prefix, _ in parts])
    ends = tf.constant([prefix in "OES" for prefix, _ in parts])
    first = tf.constant(["O" if prefix == "O" else f"B-{kind}" for prefix, kind in parts])
    later = tf.constant(["O" if prefix == "O" else f"I-{kind}" for prefix, kind in parts])

    def to_strings(ids: tf.Tensor) -> tf.Tensor:
        kind = tf.gather(kind_of, ids)
        changes = tf.concat([[True], (kind[1:] != kind[:-1]) | tf.gather(ends, ids[:-1])], axis=0)[: tf.size(ids)]
        starts = (tf.gather(begins, ids) | changes) & ~tf.gather(outside, ids)
        return tf.where(starts, tf.gather(first, ids), tf.gather(later, ids))

    return to_strings
