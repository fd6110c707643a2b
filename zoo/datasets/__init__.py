"""Where records come from: embedded samples, files of the field's formats, and TensorFlow Datasets.

Every source gives a `tf.data.Dataset` of single raw records, dictionaries of strings and numbers. Importing this
package is cheap: TensorFlow is loaded by the first function that needs it.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.datasets.conll import ConllSummary, iterate_conll, read_conll, scan_conll
from zoo.datasets.text_files import read_texts

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = [
    "ConllSummary",
    "from_sentences",
    "from_texts",
    "iterate_conll",
    "load",
    "names",
    "read_conll",
    "read_texts",
    "scan_conll",
    "splits",
]

_NER_SAMPLES = ("ner_sample", "sample")
_SENTIMENT_SAMPLE = "sentiment_sample"
_SAMPLE_SPLITS = ("train", "validation", "test")


def names() -> tuple[str, ...]:
    """The names that `load` is known to take; it also takes other such data of TensorFlow Datasets."""
    return ("ner_sample", "sentiment_sample", "conll2003", "wikiann/en", "imdb_reviews", "glue/sst2")


def load(name: str, *, split: str = "train", data_dir: str | os.PathLike | None = None) -> "tf.data.Dataset":
    """Loads a data set by its name.

    Args:
        name: `"ner_sample"` (or `"sample"`) or `"sentiment_sample"`, written by this package; or the name of a
            data set of TensorFlow Datasets with tokens and tags (`"conll2003"`) or texts and labels (`"imdb_reviews"`).
        split: `"train"`, `"validation"` or `"test"`; `"valid"` and `"dev"` mean the validation split too. A data set of
            TensorFlow Datasets may be sliced: `"train[:10%]"`.
        data_dir: Where TensorFlow Datasets keeps its files (default: its own choice). The samples need none.

    Returns:
        A dataset of single records: `{"tokens": tf.string [time], "tags": tf.string [time]}`, tags in IOB2, or
        `{"text": tf.string [], "label": tf.string []}`.

    Raises:
        ValueError: If there is no such data set or split, or if it has neither.
        RuntimeError: If it has to be downloaded and cannot.
    """
    if name in _NER_SAMPLES:
        from zoo.datasets import ner_sample

        return from_sentences(*ner_sample.sentences(split))
    if name == _SENTIMENT_SAMPLE:
        from zoo.datasets import sentiment_sample

        return from_texts(*sentiment_sample.texts(split))
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
    if name in (*_NER_SAMPLES, _SENTIMENT_SAMPLE):
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
