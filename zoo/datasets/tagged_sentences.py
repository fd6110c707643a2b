"""Tagged sentences as `tf.data` of single raw records, `{"tokens": tf.string [time], "tags": tf.string [time]}`."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo import tag_schemes
from zoo.preprocessing.batching import mapped_in_place


class Chunk(NamedTuple):
    """Some sentences, end to end.

    Attributes:
        tokens: Their tokens, UTF-8, [sum of times].
        tags: Their tags, UTF-8, [sum of times].
        offsets: Where each begins, and where the last ends, int64 [sentences + 1].
    """

    tokens: np.ndarray
    tags: np.ndarray
    offsets: np.ndarray


def from_sentences(
    sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]], *, scheme: str = "auto"
) -> tf.data.Dataset:
    """Makes a dataset of sentences that are in memory.

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
    if len(sentences) != len(tags):
        raise ValueError(f"{len(sentences)} sentences but {len(tags)} tag sequences; give one for each sentence")
    if not len(sentences):
        raise ValueError("no sentences; give at least one")
    for index, (tokens, labels) in enumerate(zip(sentences, tags, strict=True)):
        if isinstance(tokens, str | bytes) or isinstance(labels, str | bytes):
            raise ValueError(f"sentence {index} (from 0) is one text; give a list of tokens and a list of tags")
        if len(tokens) != len(labels):
            raise ValueError(f"sentence {index} (from 0) has {len(tokens)} tokens but {len(labels)} tags")
        if not all(isinstance(text, str | bytes) for text in (*tokens, *labels)):
            raise ValueError(
                f"sentence {index} (from 0) holds something that is not text: {list(tokens)!r}, {list(labels)!r}"
            )
        if not all(tokens):
            raise ValueError(f"sentence {index} (from 0) has an empty token: {list(tokens)!r}")
    evidence = tag_schemes.SchemeEvidence(None if scheme == "auto" else scheme)
    for labels in tags:
        evidence.update(labels)
    if evidence.scheme != "binary":
        tags = [tag_schemes.tags_of(tag_schemes.spans(labels), len(labels), "iob2") for labels in tags]
    chunk = to_chunk(_encoded(sentences), _encoded(tags))
    return _known(tf.data.Dataset.from_tensors(tuple(chunk)).flat_map(_rows), len(sentences))


def to_chunk(sentences: Sequence[Sequence[bytes]], tags: Sequence[Sequence[bytes]]) -> Chunk:
    """Puts sentences end to end."""
    offsets = np.zeros(len(sentences) + 1, np.int64)
    np.cumsum([len(tokens) for tokens in sentences], out=offsets[1:])
    flat_tokens = np.array([token for tokens in sentences for token in tokens], dtype=object)
    flat_tags = np.array([tag for labels in tags for tag in labels], dtype=object)
    return Chunk(flat_tokens, flat_tags, offsets)


def from_chunks(chunks: Callable[[], Iterator[Chunk]], sentences: int) -> tf.data.Dataset:
    """Makes a dataset of single records from a stream of chunks.

    Crossing from Python to `tf.data` costs about 100 us, which is paid once a chunk and not once a sentence.

    Args:
        chunks: Starts the stream; called once an epoch.
        sentences: How many sentences the stream holds.

    Returns:
        A dataset of `{"tokens": tf.string [time], "tags": tf.string [time]}` of that cardinality.
    """
    signature = (
        tf.TensorSpec([None], tf.string),
        tf.TensorSpec([None], tf.string),
        tf.TensorSpec([None], tf.int64),
    )
    stream = tf.data.Dataset.from_generator(lambda: map(tuple, chunks()), output_signature=signature)
    return _known(stream.prefetch(1).flat_map(_rows), sentences)


def _rows(tokens: tf.Tensor, tags: tf.Tensor, offsets: tf.Tensor) -> tf.data.Dataset:
    bounds = tf.data.Dataset.from_tensor_slices((offsets[:-1], offsets[1:]))
    return mapped_in_place(bounds, lambda start, end: {"tokens": tokens[start:end], "tags": tags[start:end]})


def _known(dataset: tf.data.Dataset, sentences: int) -> tf.data.Dataset:
    return dataset.apply(tf.data.experimental.assert_cardinality(sentences))


def _encoded(sequences: Sequence[Sequence[str]]) -> list[list[bytes]]:
    return [[text.encode() if isinstance(text, str) else bytes(text) for text in sequence] for sequence in sequences]
