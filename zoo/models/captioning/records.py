"""Whatever a captioner is given, as single records to learn from or as windows of images to answer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.datasets.captions import from_captions
from zoo.preprocessing.batching import streamed
from zoo.preprocessing.captioning import hold_words

WINDOW = 1024  # encoded images held together when answering
_ROOM = 256  # of the budget of time steps when answering, what an image takes: so 64 are answered together


class ImageWindow(NamedTuple):
    """Images that are answered together, as JPEG or PNG bytes.

    Attributes:
        images: Strings [images].
    """

    images: tf.Tensor

    @property
    def lengths(self) -> np.ndarray:
        """The room that each takes."""
        return np.full(self.images.shape[0], _ROOM)


def captioned_dataset(x: Any, y: Any = None) -> tf.data.Dataset:
    """Checks a dataset's fields, or makes a dataset of lists.

    Args:
        x: A dataset of records with `image` and `captions`, or a list of images: bytes, or paths of files.
        y: With a list, the captions of each image, a list (or one text) each.

    Returns:
        Records: `image`, string [], JPEG or PNG bytes; `captions`, strings [captions]; `name`, string [].

    Raises:
        TypeError: Neither of these.
        ValueError: Missing fields or such of another type, batched records, images and captions that differ in number,
            or a caption without a word.
        FileNotFoundError: A path leads to no file.
    """
    if isinstance(x, tf.data.Dataset):
        _check(x.element_spec, {"image": 0, "captions": 1})
        return x.map(_checked)
    if y is None or isinstance(x, (str, bytes)) or not isinstance(x, Iterable):
        raise TypeError("fit and evaluate take a tf.data.Dataset of records, or two lists: images and their captions")
    return from_captions(_encoded(list(x)), [[texts] if isinstance(texts, str) else texts for texts in y])


def _checked(record: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns a record's fields after checking that there is a caption, and a word in each."""
    captions = record["captions"]
    name = record.get("name", tf.constant("a record"))
    wordless = tf.boolean_mask(captions, ~hold_words(captions))
    checks = [
        tf.debugging.Assert(tf.size(captions) > 0, [name, "has no caption: leave it out, or give it one"]),
        tf.debugging.Assert(tf.size(wordless) < 1, [name, "has an empty caption, or one without a word:", wordless]),
    ]
    with tf.control_dependencies(checks):
        return {"image": tf.identity(record["image"]), "captions": tf.identity(captions), "name": tf.identity(name)}


def windows(x: Any) -> Iterator[ImageWindow]:
    """Cuts a list of images (bytes or paths), or a dataset of records with `image`, into windows.

    Raises:
        TypeError: `x` is something else.
        ValueError: The dataset's records have no `image`, or are batched.
        FileNotFoundError: A path leads to no file.
    """
    if isinstance(x, tf.data.Dataset):
        _check(x.element_spec, {"image": 0})
        yield from map(ImageWindow, streamed(x.map(lambda record: record["image"]).batch(WINDOW)))
        return
    if isinstance(x, (str, bytes)) or not isinstance(x, Iterable):
        raise TypeError(f"predict takes a list of images (bytes, or paths of files), not {type(x).__name__}: write [x]")
    images = list(x)
    for first in range(0, len(images), WINDOW):
        yield ImageWindow(tf.constant(_encoded(images[first : first + WINDOW], first), tf.string))


def _encoded(images: list, first: int = 0) -> list[bytes]:
    """Returns the bytes of images, of which some may be paths."""
    encoded = []
    for number, image in enumerate(images, first):
        if isinstance(image, Mapping) and "image" in image:
            image = image["image"]
        if isinstance(image, (str, os.PathLike)):
            image = _content(Path(image), number)
        if not isinstance(image, bytes):
            raise TypeError(
                f"image {number} (from 0): expected bytes or the path of a file, got {type(image).__name__}"
            )
        encoded.append(image)
    return encoded


def _content(path: Path, number: int) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"image {number} (from 0): no such file: {path}; check the path") from None
    except IsADirectoryError:
        raise ValueError(f"image {number} (from 0): {path} is a folder; name the files in it") from None


def _check(spec: Any, ranks: Mapping[str, int]) -> None:
    fields = sorted(spec) if isinstance(spec, Mapping) else spec
    if not isinstance(spec, Mapping) or not set(ranks) <= set(spec):
        raise ValueError(f"a captioner reads records with {' and '.join(f'`{name}`' for name in ranks)}; got {fields}")
    for name, rank in ranks.items():
        if (dtype := getattr(spec[name], "dtype", tf.string)) != tf.string:
            raise ValueError(f"`{name}` is {dtype.name}, not string: give the content of image files, and texts")
        if getattr(spec[name], "shape", tf.TensorShape(None)).rank not in (rank, None):
            raise ValueError(f"`{name}` has shape {spec[name].shape}: records must be single, so leave out .batch()")
