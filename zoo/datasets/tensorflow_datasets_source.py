"""Tagged corpora, texts, captioned images and dialogues of TensorFlow Datasets, as `tf.data` of single raw records."""

import difflib
import logging
import os
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

import tensorflow as tf
import tensorflow_datasets as tfds

from zoo import tag_schemes

_logger = logging.getLogger(__name__)

_TOKENS = "tokens"
_TAGS = ("ner", "ner_tags", "tags", "labels")
_TEXTS = ("text", "sentence", "review", "content")
_LABELS = ("label", "sentiment")
_IMAGE, _CAPTIONS, _FILE = "image", "captions", "image/filename"
_TURNS = ("utterances", "turns", "dialog", "dialogue")
_VALIDATION = ("validation", "valid", "dev")


class _Reader(NamedTuple):
    """How records are made of a data set's examples."""

    wanted: Callable[[Any], tf.Tensor]
    record: Callable[[Any], dict[str, tf.Tensor]]
    decoders: dict[str, Any] | None = None


def load(
    name: str, *, split: str = "train", data_dir: str | os.PathLike | None = None, known: Sequence[str] = ()
) -> tf.data.Dataset:
    """Loads a data set of tokens and tags, of texts with or without labels, of images and captions, or of dialogues.

    It is downloaded if it is not there yet.

    Tags of any scheme are read as conlleval reads them and come out in IOB2 (0/1 stays 0/1).

    Args:
        name: A name of TensorFlow Datasets, with a config if there are several: `"conll2003"`, `"wikiann/en"`.
        split: A split of it, sliced perhaps (`"train[:10%]"`); `"validation"`, `"valid"` and `"dev"` are one.
        data_dir: Where TensorFlow Datasets keeps its files.
        known: Further names to suggest where this one is unknown.

    Returns:
        A dataset of `{"tokens": tf.string [time], "tags": tf.string [time]}`, `{"text": tf.string [], "label":
        tf.string []}` or `{"text": tf.string []}`, without empty sentences and, where there are labels, texts without;
        or of `{"image": tf.string [], "captions": tf.string [n], "name": tf.string []}`, images as they are stored and
        without those that have no caption; or of `{"turns": tf.string [n]}`, without blank turns and dialogues of
        fewer than two.

    Raises:
        ValueError: If there is no such data set or split, or if it has none of these.
        RuntimeError: If it has to be downloaded and cannot.
    """
    builder = _builder(name, data_dir, known)
    readers = (_tagged, _captioned, _in_turns, _labelled, _plain)
    reader = next((found for read in readers if (found := read(builder))), None) or _nothing(builder)
    if not builder.is_prepared():
        _download(builder)
    dataset = builder.as_dataset(split=_split(builder, split), shuffle_files=False, decoders=reader.decoders)
    return dataset.filter(reader.wanted).map(reader.record)


def splits(name: str, *, data_dir: str | os.PathLike | None = None, known: Sequence[str] = ()) -> tuple[str, ...]:
    """Returns the names of a prepared data set's splits, the validation split as `"validation"`; see `load`."""
    found = list(_builder(name, data_dir, known).info.splits)
    validation = next((split for split in _VALIDATION if split in found), None)
    return tuple("validation" if split == validation else split for split in found)


def _tagged(builder: tfds.core.DatasetBuilder) -> _Reader | None:
    """How records are made of examples with tokens and tags, or None if it has none."""
    found = _tag_feature(builder)
    if found is None:
        return None
    key, labels = found
    to_strings = _reader_of(labels)
    # The builders for CoNLL files may end with an empty sentence.
    return _Reader(
        lambda example: tf.size(example[_TOKENS]) > 0,
        lambda example: {"tokens": example[_TOKENS], "tags": to_strings(example[key])},
    )


def _labelled(builder: tfds.core.DatasetBuilder) -> _Reader | None:
    """How records are made of examples with a text and a label, or None if it has none."""
    features = builder.info.features
    if not isinstance(features, tfds.features.FeaturesDict):
        return None
    text = next((key for key in _TEXTS if key in features and isinstance(features[key], tfds.features.Text)), None)
    label = next(
        (key for key in _LABELS if key in features and isinstance(features[key], tfds.features.ClassLabel)), None
    )
    if text is None or label is None:
        return None
    names = tf.constant(features[label].names)
    # What has no label (another task's test split) has the number -1.
    return _Reader(
        lambda example: example[label] >= 0,
        lambda example: {"text": example[text], "label": tf.gather(names, example[label])},
    )


def _plain(builder: tfds.core.DatasetBuilder) -> _Reader | None:
    """How records are made of examples with a text alone, or None if it has none."""
    features = builder.info.features
    if not isinstance(features, tfds.features.FeaturesDict):
        return None
    text = next((key for key in _TEXTS if key in features and isinstance(features[key], tfds.features.Text)), None)
    if text is None:
        return None
    return _Reader(lambda example: tf.strings.length(example[text]) > 0, lambda example: {"text": example[text]})


def _captioned(builder: tfds.core.DatasetBuilder) -> _Reader | None:
    """How records are made of examples with an image and captions, or None if it has none."""
    features = builder.info.features
    if not isinstance(features, tfds.features.FeaturesDict) or _IMAGE not in features or _CAPTIONS not in features:
        return None
    inner = getattr(features[_CAPTIONS], "feature", None)
    nested = isinstance(inner, tfds.features.FeaturesDict) and "text" in inner
    if not isinstance(features[_IMAGE], tfds.features.Image) or not (nested or isinstance(inner, tfds.features.Text)):
        return None

    def texts(example: Any) -> tf.Tensor:
        found = example[_CAPTIONS]["text"] if nested else example[_CAPTIONS]
        return tf.boolean_mask(found, tf.not_equal(tf.strings.strip(found), ""))

    return _Reader(
        lambda example: tf.size(texts(example)) > 0,
        lambda example: {"image": example[_IMAGE], "captions": texts(example), "name": example.get(_FILE, "")},
        {_IMAGE: tfds.decode.SkipDecoding()},  # images are decoded when they are batched
    )


def _in_turns(builder: tfds.core.DatasetBuilder) -> _Reader | None:
    """How records are made of examples with the turns of a dialogue, or None if it has none."""
    features = builder.info.features
    if not isinstance(features, tfds.features.FeaturesDict):
        return None
    texts = (key for key in _TURNS if key in features)
    key = next((k for k in texts if isinstance(getattr(features[k], "feature", None), tfds.features.Text)), None)
    if key is None:
        return None

    def turns(example: Any) -> tf.Tensor:
        return tf.boolean_mask(example[key], tf.not_equal(tf.strings.strip(example[key]), ""))

    return _Reader(lambda example: tf.size(turns(example)) > 1, lambda example: {"turns": turns(example)})


def _nothing(builder: tfds.core.DatasetBuilder) -> NoReturn:
    features = builder.info.features
    raise ValueError(
        f"data set {builder.name!r} has no tagged tokens ('tokens' and one of {', '.join(_TAGS)} with named classes) "
        f"and no texts (one of {', '.join(_TEXTS)}; their labels one of {', '.join(_LABELS)} with named classes) "
        f"and no captioned images ({_IMAGE!r} and {_CAPTIONS!r}) and no dialogues (texts in one of "
        f"{', '.join(_TURNS)}); found {', '.join(sorted(features)) or 'none'}"
    )


def _builder(name: str, data_dir: str | os.PathLike | None, known: Sequence[str]) -> tfds.core.DatasetBuilder:
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError:
        nearest = difflib.get_close_matches(name, dict.fromkeys([*known, *tfds.list_builders()]), n=3)
        advice = f"did you mean {' or '.join(nearest)}?" if nearest else f"known here: {', '.join(known)}"
        raise ValueError(f"no data set {name!r}, neither embedded nor in TensorFlow Datasets; {advice}") from None
    except ValueError as error:
        raise ValueError(f"TensorFlow Datasets cannot make {name!r}: {str(error).splitlines()[0]}") from None


def _tag_feature(builder: tfds.core.DatasetBuilder) -> tuple[str, list[str]] | None:
    """Finds the sequence of tags and their names."""
    features = builder.info.features
    if isinstance(features, tfds.features.FeaturesDict) and _TOKENS in features:
        for key in _TAGS:
            inner = getattr(features[key], "feature", None) if key in features else None
            if isinstance(inner, tfds.features.ClassLabel) and inner.names:
                return key, list(inner.names)
    return None


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
