"""Where records come from: embedded samples, files of the field's formats, and TensorFlow Datasets.

Every source gives a `tf.data.Dataset` of single raw records, dictionaries of strings and numbers. Importing this
package is cheap: TensorFlow is loaded by the first function that needs it.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.datasets.captions import from_captions, read_captions
from zoo.datasets.conll import ConllSummary, iterate_conll, read_conll, scan_conll
from zoo.datasets.dialogues import from_dialogues, read_dialogues
from zoo.datasets.plain_texts import from_plain_texts, read_plain_texts
from zoo.datasets.text_files import read_texts

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = [
    "ConllSummary",
    "from_captions",
    "from_dialogues",
    "from_plain_texts",
    "from_sentences",
    "from_texts",
    "iterate_conll",
    "load",
    "names",
    "read_captions",
    "read_conll",
    "read_dialogues",
    "read_plain_texts",
    "read_texts",
    "scan_conll",
    "splits",
]

_SAMPLE_SPLITS = ("train", "validation", "test")


def _ner_sample(split: str) -> "tf.data.Dataset":
    from zoo.datasets import ner_sample

    return from_sentences(*ner_sample.sentences(split))


def _sentiment_sample(split: str) -> "tf.data.Dataset":
    from zoo.datasets import sentiment_sample

    return from_texts(*sentiment_sample.texts(split))


def _language_reference(split: str) -> "tf.data.Dataset":
    from zoo.datasets import language_reference

    return from_plain_texts(language_reference.texts(split))


def _caption_sample(split: str) -> "tf.data.Dataset":
    from zoo.datasets import caption_sample

    return from_captions(*caption_sample.images_and_captions(split))


def _dialogue_sample(split: str) -> "tf.data.Dataset":
    from zoo.datasets import dialogue_sample

    return from_dialogues(*dialogue_sample.turns_and_acts(split))


_EMBEDDED = {
    "sample": _ner_sample,
    "ner_sample": _ner_sample,
    "sentiment_sample": _sentiment_sample,
    "language_reference": _language_reference,
    "caption_sample": _caption_sample,
    "dialogue_sample": _dialogue_sample,
}
_OF_TENSORFLOW = (
    "conll2003", "wikiann/en", "imdb_reviews", "glue/sst2", "tiny_shakespeare", "coco_captions",
    "schema_guided_dialogue", "wiki_dialog",
)  # fmt: skip


def names() -> tuple[str, ...]:
    """The names that `load` is known to take; it also takes other such data of TensorFlow Datasets."""
    return (*(name for name in _EMBEDDED if name != "sample"), *_OF_TENSORFLOW)


def load(name: str, *, split: str = "train", data_dir: str | os.PathLike | None = None) -> "tf.data.Dataset":
    """Loads a data set by its name.

    Args:
        name: `"ner_sample"` (or `"sample"`), `"sentiment_sample"`, `"language_reference"`, `"caption_sample"` or
            `"dialogue_sample"`, which come with this package; or the name of a data set of TensorFlow Datasets with
            tokens and tags (`"conll2003"`), texts and labels (`"imdb_reviews"`), texts alone (`"tiny_shakespeare"`),
            images and captions (`"coco_captions"`) or dialogues (`"schema_guided_dialogue"`).
        split: `"train"`, `"validation"` or `"test"`; `"valid"` and `"dev"` mean the validation split too. A data set of
            TensorFlow Datasets may be sliced: `"train[:10%]"`.
        data_dir: Where TensorFlow Datasets keeps its files (default: its own choice). The samples need none.

    Returns:
        A dataset of single records: `{"tokens": tf.string [time], "tags": tf.string [time]}`, tags in IOB2, or
        `{"text": tf.string [], "label": tf.string []}`, `{"text": tf.string []}`, `{"image": tf.string [], "captions":
        tf.string [n], "name": tf.string []}`, where `image` is the content of a JPEG or PNG file, or `{"turns":
        tf.string [n]}`, the embedded ones with `"acts": tf.string [n]`.

    Raises:
        ValueError: If there is no such data set or split, or if it has none of these.
        RuntimeError: If it has to be downloaded and cannot.
    """
    if name in _EMBEDDED:
        return _EMBEDDED[name](split)
    from zoo.datasets import tensorflow_datasets_source

    return tensorflow_datasets_source.load(name, split=split, data_dir=data_dir, known=names())


def splits(name: str, *, data_dir: str | os.PathLike | None = None) -> tuple[str, ...]:
    """The splits of a data set that was loaded before, by the names that `load` takes.

    Args:
        name: As for `load`.
        data_dir: As for `load`.

    Raises:
        ValueError: If there is no such data set.
    """
    if name in _EMBEDDED:
        return _SAMPLE_SPLITS
    from zoo.datasets import tensorflow_datasets_source

    return tensorflow_datasets_source.splits(name, data_dir=data_dir, known=names())


def from_texts(texts: Sequence[str], labels: Sequence[str | int]) -> "tf.data.Dataset":
    """Makes a dataset of labelled texts that are in memory.

    Args:
        texts: The texts.
        labels: The label of each: a string, or a number, which becomes one.

    Returns:
        A dataset of single records, in order, of `{"text": tf.string [], "label": tf.string []}`.

    Raises:
        ValueError: If there are no texts, the counts differ, a text or a label is empty, or a text is no string.
    """
    from zoo.datasets import labelled_texts

    return labelled_texts.from_texts(texts, labels)


def from_sentences(
    sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]], *, scheme: str = "auto"
) -> "tf.data.Dataset":
    """Makes a dataset of tagged sentences that are in memory.

    Args:
        sentences: The tokens of each sentence.
        tags: The tags of each sentence, as many as it has tokens.
        scheme: The scheme of the tags, one of `zoo.tag_schemes.SCHEMES`; `"auto"` finds it; `"conlleval"` accepts any.

    Returns:
        A dataset of single records, in order, of `{"tokens": tf.string [time], "tags": tf.string [time]}`. Tags are in
        IOB2; those in 0/1 stay so.

    Raises:
        ValueError: If there are no sentences, the counts differ, a sentence is a text instead of tokens, or the tags
            break their scheme.
    """
    from zoo.datasets import tagged_sentences

    return tagged_sentences.from_sentences(sentences, tags, scheme=scheme)
