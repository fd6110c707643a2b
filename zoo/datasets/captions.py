"""Reads captioned images: a folder of images, a table of captions, and lists of names, as Flickr8k has them."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.datasets.caption_tables import Captioned, holds_a_word, read_names, read_table
from zoo.datasets.problems import OnError, Problems, first_of

if TYPE_CHECKING:
    import tensorflow as tf

_logger = logging.getLogger(__name__)

_IMAGE_FOLDERS = ("images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset", "flickr30k_images")
_SUFFIXES = (".jpg", ".jpeg", ".png")
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG")
_LOOKED_AT = (8, 8)  # pixels: JPEG files are quickly decoded so small, and read to their end all the same
_READ_TOGETHER = 8  # files
_DECODED_TOGETHER = 128


def read_captions(
    captions: str | os.PathLike,
    images: str | os.PathLike | None = None,
    names: str | os.PathLike | None = None,
    *,
    on_error: OnError = "raise",
) -> tf.data.Dataset:
    """Reads captioned images as a dataset of single raw records.

    Args:
        captions: The table, in UTF-8: `name TAB number TAB caption`, `name#number TAB caption` (Flickr8k), or CSV with
            the columns `image,caption` or `name,caption` named in the first row.
        images: The folder of the images; None finds `images` or the like beside the table.
        names: A file of the names of the images that are wanted, one a line; None wants all that have captions.
        on_error: What becomes of a row or an image that cannot be used: `raise`, or `skip`, which leaves it out and
            logs how many of each kind there were. See `Reader`.

    Returns:
        A dataset of known cardinality of `{"image": tf.string [], "captions": tf.string [n], "name": tf.string []}`, in
        the order of the names, or of the table; `image` is the file's content, which is read when the record is.

    Raises:
        FileNotFoundError: If the table, the list or the folder is not there.
        ValueError: If one is malformed or of no use; the message begins with the file and, if there is one, the line.
    """
    return Reader(captions, images, on_error=on_error)(names)


def from_captions(
    images: Sequence[bytes], captions: Sequence[Sequence[str]], names: Sequence[str] | None = None
) -> tf.data.Dataset:
    """Makes a dataset of captioned images that are in memory.

    Args:
        images: The content of JPEG or PNG files.
        captions: For each image one or more captions.
        names: What each image is called; by default `image 0 (from 0)` and so on.

    Returns:
        A dataset of single records, in order, as `read_captions` makes them.

    Raises:
        ValueError: If there are no images, the counts differ, or an image has no caption or one without a word.
    """
    names = [f"image {index} (from 0)" for index in range(len(images))] if names is None else names
    if not len(images):
        raise ValueError("no images; give at least one")
    if not len(images) == len(captions) == len(names):
        raise ValueError(f"{len(images)} images, {len(captions)} lists of captions, {len(names)} names; give one each")
    for name, texts in zip(names, captions, strict=True):
        listed = isinstance(texts, Iterable) and not isinstance(texts, (str, bytes))
        if not listed or not all(isinstance(text, str) and holds_a_word(text) for text in texts) or not len(texts):
            raise ValueError(f"{name}: its captions are {texts!r}; give a list of one or more texts with words")
    return _records(images, captions, names)


class Reader:
    """Reads the lists of one run: each names images whose captions stand in one table.

    What cannot be used is looked for here, before anything is learnt: captions without a text, the same number of
    caption twice, names without captions, captions without an image, images without captions (told where no list
    says what is wanted), and files that are no whole image: empty, cut off, damaged, or neither JPEG nor PNG, whatever
    their names say. Every image is decoded once for it, very small; a core looks at some 3,000 files of 7 kB a second.

    Attributes:
        skipped: How many of each kind were left out.
    """

    def __init__(
        self,
        captions: str | os.PathLike | None = None,
        images: str | os.PathLike | None = None,
        *,
        on_error: OnError = "raise",
    ) -> None:
        """Remembers where captions and images are; reads nothing yet.

        Args:
            captions: As `read_captions`; None where the reader is called with the table itself.
            images: Likewise.
            on_error: Likewise.

        Raises:
            ValueError: `on_error` is something else.
        """
        Problems(on_error)  # which checks it
        self._captions, self._images, self._on_error = captions, images, on_error
        self._tables: dict[Path, dict[str, Captioned]] = {}
        self.skipped: Counter[str] = Counter()

    def __call__(self, path: str | os.PathLike | None = None) -> tf.data.Dataset:
        """Makes a dataset of the images that a list names, or of all; errors and records are `read_captions`'.

        Args:
            path: A list of names; or, where the reader was made without a table, the table.
        """
        table_path = Path(path if self._captions is None else self._captions)
        names_path = None if self._captions is None or path is None else Path(path)
        folder = _folder(table_path, self._images)
        problems = Problems(self._on_error)
        if table_path not in self._tables:
            self._tables[table_path] = read_table(table_path, problems)
        table = self._tables[table_path]
        if names_path is None:
            wanted = {name: f"{table_path}:{row.line}" for name, row in table.items()}
            if without := sorted(_images_in(folder) - table.keys()):
                self.skipped["images without captions"] += len(without)
                _logger.warning(
                    "%s: %d images have no captions in %s: %s", folder, len(without), table_path, first_of(without)
                )
        else:
            wanted = read_names(names_path, table, table_path, problems)
        found = _whole(folder, wanted, problems)
        self.skipped.update(problems.tell(names_path or table_path))
        if not found:
            raise ValueError(f"{names_path or table_path}: no image with captions is left; check --images={folder}")
        return _records([str(folder / name) for name in found], [table[name].texts for name in found], found, read=True)


def _records(
    images: Sequence[bytes] | Sequence[str], captions: Sequence[Sequence[str]], names: Sequence[str], read: bool = False
) -> tf.data.Dataset:
    """Makes records of images, or of their paths, which are read one after the other as they are asked for."""
    import tensorflow as tf

    flat = [text.encode(errors="replace") for texts in captions for text in texts]
    texts = tf.RaggedTensor.from_row_lengths(flat, [len(texts) for texts in captions])
    names = [name.encode(errors="replace") for name in names]

    def record(image: tf.Tensor, captions: tf.Tensor, name: tf.Tensor) -> dict[str, tf.Tensor]:
        content = tf.io.read_file(image) if read else image
        return {"image": content, "captions": tf.ensure_shape(captions, [None]), "name": name}

    records = tf.data.Dataset.from_tensor_slices((list(images), texts, names))
    return records.map(record, num_parallel_calls=_READ_TOGETHER, deterministic=True) if read else records.map(record)


def _folder(table: Path, images: str | os.PathLike | None) -> Path:
    """The folder of the images."""
    if images is not None:
        folder = Path(images)
    else:
        folder = next((table.parent / name for name in _IMAGE_FOLDERS if (table.parent / name).is_dir()), None)
        if folder is None:
            raise FileNotFoundError(f"{table.parent}: no folder called images beside {table.name}; name it with images")
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder of images; check the path")
    return folder


def _images_in(folder: Path) -> set[str]:
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries if entry.name.lower().endswith(_SUFFIXES)}


def _whole(folder: Path, wanted: Mapping[str, str], problems: Problems) -> list[str]:
    """The names of those images that are there and decode to their end."""
    import tensorflow as tf

    there = {}
    for name, place in wanted.items():
        if _is_file(folder / name):
            there[name] = place
        else:
            what = f"there is no image {folder / name}"
            problems.found("captions without an image", place, what, "add it or remove its captions")
    if not there:
        return []
    paths = [str(folder / name) for name in there]
    parts = (paths[start : start + _DECODED_TOGETHER] for start in range(0, len(paths), _DECODED_TOGETHER))
    valid = [whole for part in parts for whole in _decodes()(tf.constant(part)).numpy()]
    found = []
    for (name, place), whole in zip(there.items(), valid, strict=True):
        if whole:
            found.append(name)
        else:
            what = f"the file {folder / name} {_fault(folder / name)}"
            problems.found("files that are no images", place, what, "fetch it again or remove its captions")
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for any file
        return False


@lru_cache(maxsize=1)
def _decodes() -> Callable[[tf.Tensor], tf.Tensor]:
    """The function from paths, strings [batch], to whether each is a whole image, bool [batch]."""
    import tensorflow as tf

    from zoo.preprocessing.images import decode_images

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def decodes(paths: tf.Tensor) -> tf.Tensor:
        return decode_images(tf.map_fn(tf.io.read_file, paths), _LOOKED_AT).valid

    return decodes


def _fault(path: Path) -> str:
    with open(path, "rb") as file:
        begin = file.read(8)
    if not begin:
        return "is empty"
    return "is cut off, damaged or too large" if begin.startswith(_BEGINNINGS) else "is neither JPEG nor PNG"
