"""Where records come from: embedded samples, files of the field's formats, and TensorFlow Datasets.

Every source gives a `tf.data.Dataset` of single raw records, dictionaries of strings and numbers. Importing this
package is cheap: TensorFlow is loaded by the first function that needs it.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.datasets.conll import ConllSummary, iterate_conll, read_conll, scan_conll

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["ConllSummary", "from_sentences", "iterate_conll", "load", "names", "read_conll", "scan_conll"]

_SAMPLES = ("ner_sample", "sample")


def names() -> tuple[str, ...]:
    """The names that `load` is known to take; besides these, it takes any tagged corpus of TensorFlow Datasets."""
    return ("ner_sample", "conll2003", "wikiann/en")


def load(name: str, *, split: str = "train", data_dir: str | os.PathLike | None = None) -> "tf.data.Dataset":
    """Loads a data set by its name.

    Args:
        name: `"ner_sample"` (or `"sample"`), the corpus that is written by this package; or the name of a data set of
            TensorFlow Datasets with tokens and tags, such as `"conll2003"`.
        split: `"train"`, `"validation"` or `"test"`; `"valid"` and `"dev"` mean the validation split too. A data set of
            TensorFlow Datasets may be sliced: `"train[:10%]"`.
        data_dir: Where TensorFlow Datasets keeps its files (default: its own choice). The samples need none.

    Returns:
        A dataset of single records `{"tokens": tf.string [time], "tags": tf.string [time]}`, tags in IOB2.

    Raises:
        ValueError: If there is no such data set or split, or if it has no tagged tokens.
        RuntimeError: If it has to be downloaded and cannot.
    """
    if name in _SAMPLES:
        from zoo.datasets import ner_sample

        sentences, tags = ner_sample.sentences(split)
        return from_sentences(sentences, tags)
    from zoo.datasets import tensorflow_datasets_source

    return tensorflow_datasets_source.load(name, split=split, data_dir=data_dir, known=names())


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
