"""Reads CoNLL-like files: one token and its columns a line, blank lines between sentences.

Such files are found with tabs or blanks between two or more columns, with CRLF, a byte-order mark, `-DOCSTART-`
lines, comments, separator lines that hold blanks, no blank line at the end, and in every tag scheme. All of them are
read; what cannot be right is an error that says where.

A file is read twice or more, never as a whole: once by `scan_conll`, which checks every line and finds the tag scheme,
then once an epoch. So it may be larger than memory. This module needs TensorFlow only inside `read_conll`.
"""

import logging
import os
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from zoo import tag_schemes

if TYPE_CHECKING:
    import tensorflow as tf

_logger = logging.getLogger(__name__)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_GZIP_MARK = b"\x1f\x8b"
_DOCUMENT = b"-DOCSTART-"
_CERTAIN_TAG = re.compile(rb"O|[BIESLUMW]-.+")
# A column of part-of-speech tags has some fifty values, one of words thousands: then the wrong column was named.
_MOST_TYPES = 1000
_CHUNK = 256
# A sentence is held in memory; a file without blank lines would be one sentence.
_LONGEST_SENTENCE = 1_000_000


class ConllSummary(NamedTuple):
    """What one pass over a file found.

    Attributes:
        path: The file.
        sentences: Number of sentences.
        tokens: Number of tokens.
        longest: Number of tokens in the longest sentence.
        columns: Number of columns.
        scheme: The tag scheme of the file, one of `zoo.tag_schemes.SCHEMES`, or `"conlleval"` if that was asked for.
        types: The entity types, sorted; empty if the file has no entities.
    """

    path: str
    sentences: int
    tokens: int
    longest: int
    columns: int
    scheme: str
    types: tuple[str, ...]


class _Columns(NamedTuple):
    """How the lines of a file are split, as its first token line shows it."""

    separator: bytes | None  # None: runs of blanks and tabs
    count: int
    first_line: int
    token: int
    tag: int


class _Sentence(NamedTuple):
    tokens: list[bytes]
    tags: list[bytes]
    lines: list[int]


def read_conll(
    path: str | os.PathLike, *, scheme: str = "auto", token_column: int = 0, tag_column: int = -1
) -> "tf.data.Dataset":
    """Reads a CoNLL-like file as a dataset of single raw records.

    Args:
        path: The file.
        scheme: The tag scheme of the file, one of `zoo.tag_schemes.SCHEMES`; `"auto"` finds it; `"conlleval"` accepts
            tags that break every scheme and reads them as the evaluation script does.
        token_column: Index of the column with the tokens.
        tag_column: Index of the column with the tags; negative counts from the last.

    Returns:
        A dataset, in the order of the file and of known cardinality, of
        `{"tokens": tf.string [time], "tags": tf.string [time]}`. Tags are in IOB2; those of a file in 0/1 stay so.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is empty, not UTF-8, malformed or breaks its tag scheme; the message begins with
            `path:line:` and says what to do.
    """
    from zoo.datasets import tagged_sentences

    summary, columns = _scan(path, scheme, token_column, tag_column)

    def chunks() -> Iterator[tagged_sentences.Chunk]:
        sentences = _rewritten(summary, columns)
        while chunk := list(islice(sentences, _CHUNK)):
            yield tagged_sentences.to_chunk([tokens for tokens, _ in chunk], [tags for _, tags in chunk])

    return tagged_sentences.from_chunks(chunks, summary.sentences)


def iterate_conll(
    path: str | os.PathLike, *, scheme: str = "auto", token_column: int = 0, tag_column: int = -1
) -> Iterator[tuple[list[str], list[str]]]:
    """Reads a CoNLL-like file without TensorFlow.

    The file is checked when this is called, not at the first sentence. Arguments and errors are those of `read_conll`.

    Returns:
        An iterator over `(tokens, tags)`, one pair a sentence, tags in IOB2 (or 0/1).
    """
    summary, columns = _scan(path, scheme, token_column, tag_column)
    return (
        ([token.decode() for token in tokens], [tag.decode() for tag in tags])
        for tokens, tags in _rewritten(summary, columns)
    )


def scan_conll(
    path: str | os.PathLike, *, scheme: str = "auto", token_column: int = 0, tag_column: int = -1
) -> ConllSummary:
    """Checks every line of a CoNLL-like file and says what is in it.

    A file without entities is allowed, with a logged warning; whoever trains on it looks at `types`. Arguments and
    errors are those of `read_conll`.
    """
    return _scan(path, scheme, token_column, tag_column)[0]


def _scan(path: str | os.PathLike, scheme: str, token_column: int, tag_column: int) -> tuple[ConllSummary, _Columns]:
    path = os.fspath(path)
    evidence = tag_schemes.SchemeEvidence(None if scheme == "auto" else scheme)
    columns = _find_columns(path, token_column, tag_column)
    sentences = tokens = longest = 0
    for sentence in _parse(path, columns):
        tags = _decode(path, sentence)
        try:
            evidence.update(tags, where=lambda token, lines=sentence.lines: f"line {lines[min(token, len(lines) - 1)]}")
        except tag_schemes.TagSchemeError as error:
            line = sentence.lines[min(error.token, len(tags) - 1)]
            raise ValueError(f"{path}:{line}: {error.reason}") from None
        if len(evidence.types) > _MOST_TYPES:
            raise ValueError(
                f"{path}:{sentence.lines[0]}: more than {_MOST_TYPES} different tags so far; "
                f"tag_column={tag_column} does not seem to hold tags, name the column that does"
            )
        sentences, tokens, longest = sentences + 1, tokens + len(tags), max(longest, len(tags))
    if not evidence.types:
        _logger.warning("%s: no entities in %d sentences: every tag is outside", path, sentences)
    types = tuple(sorted(evidence.types))
    return ConllSummary(path, sentences, tokens, longest, columns.count, evidence.scheme, types), columns


def _lines(path: str) -> Iterator[tuple[int, bytes]]:
    """All lines, numbered from 1, without the white space at their ends; a separator line is `b""`.

    Bytes, because splitting text would also split at no-break spaces and at Unicode's line separators, which occur
    inside tokens.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 -- closed by the `with` below; only opening may fail this way
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise ValueError(f"{path}: is a folder; name one file in it") from None
    with file:
        for number, line in enumerate(file, start=1):
            if number == 1:
                if line.startswith(_UTF_16_MARKS):
                    raise ValueError(f"{path}:1: the file is in UTF-16; convert it: iconv -f UTF-16 -t UTF-8")
                if line.startswith(_GZIP_MARK):
                    raise ValueError(f"{path}:1: the file is compressed; unpack it: gunzip {path}")
                line = line.removeprefix(_BYTE_ORDER_MARK)
            yield number, line.rstrip()


def _find_columns(path: str, token_column: int, tag_column: int) -> _Columns:
    """Takes the number of columns and their separator from the first token line."""
    first, fallback = None, None
    for number, line in _lines(path):
        if not line or line.startswith(_DOCUMENT):
            continue
        if not line.startswith(b"#"):
            first = number, line
            break
        # A file may consist of tweets that are one "#" each; all other lines with "#" wait until the columns are known.
        if fallback is None and len(line.split()) > 1 and _CERTAIN_TAG.fullmatch(line.split()[-1]):
            fallback = number, line
    if first is None and fallback is None:
        raise ValueError(f"{path}: no sentences in it: the file is empty; name a file with a token and a tag a line")
    number, line = first or fallback
    separator = b"\t" if b"\t" in line else None
    count = len(line.split(separator))
    if count == 1:
        raise ValueError(
            f"{path}:{number}: only one column, {_excerpt(line)}; "
            "expected a token and a tag, separated by a tab or by blanks"
        )
    for name, index in (("token_column", token_column), ("tag_column", tag_column)):
        if not -count <= index < count:
            raise ValueError(f"{path}:{number}: {name}={index}, but there are {count} columns; use 0 to {count - 1}")
    if token_column % count == tag_column % count:
        raise ValueError(f"{path}:{number}: token_column and tag_column are both column {token_column % count}")
    return _Columns(separator, count, number, token_column % count, tag_column % count)


def _parse(path: str, columns: _Columns) -> Iterator[_Sentence]:
    """Splits the file into sentences and the lines into columns; every sentence has one token or more."""
    separator, count, _, token_column, tag_column = columns
    sentence = _Sentence([], [], [])
    known_tags: set[bytes] = set()
    for number, line in _lines(path):
        if not line or line.startswith(_DOCUMENT):
            if sentence.tokens:
                yield sentence
                sentence = _Sentence([], [], [])
            continue
        cells = line.split(separator)
        if line.startswith(b"#") and _is_comment(cells, columns, known_tags):
            continue
        if len(cells) != count:
            raise ValueError(f"{path}:{number}: {_miscounted(line, len(cells), columns)}")
        token, tag = cells[token_column].strip(), cells[tag_column].strip()
        if not token or not tag:
            raise ValueError(
                f"{path}:{number}: the {'tag' if token else 'token'} is empty in {_excerpt(line)}; fill it in"
            )
        known_tags.add(tag)
        sentence.tokens.append(token)
        sentence.tags.append(tag)
        sentence.lines.append(number)
        if len(sentence.lines) > _LONGEST_SENTENCE:
            raise ValueError(
                f"{path}:{number}: no blank line in {_LONGEST_SENTENCE} tokens, since line {sentence.lines[0]}; "
                "put a blank line after each sentence"
            )
    if sentence.tokens:
        yield sentence


def _is_comment(cells: list[bytes], columns: _Columns, known_tags: set[bytes]) -> bool:
    """Whether a line that begins with `#` is a comment, and not a token such as `#` or `#deeplearning`."""
    if len(cells) != columns.count:
        return True
    tag = cells[columns.tag].strip()
    if columns.separator is not None:
        return not tag or b" " in tag
    return not (_CERTAIN_TAG.fullmatch(tag) or tag in known_tags)


def _decode(path: str, sentence: _Sentence) -> list[str]:
    """Checks that the sentence is UTF-8 and returns its tags as text."""
    tags = []
    for line, token, tag in zip(sentence.lines, sentence.tokens, sentence.tags, strict=True):
        try:
            token.decode()
            tags.append(tag.decode())
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}:{line}: byte {error.object[error.start]:#04x} is not UTF-8; "
                "convert the file, for example from Latin-1: iconv -f LATIN1 -t UTF-8"
            ) from None
    return tags


def _rewritten(summary: ConllSummary, columns: _Columns) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """The sentences of a file that was scanned, with tags in IOB2 or 0/1."""
    normal = {b"0": b"O", b"B": b"B-ENTITY", b"I": b"I-ENTITY"}
    for tokens, tags, _ in _parse(summary.path, columns):
        if summary.scheme == "binary":
            yield tokens, tags
        elif summary.scheme == "iob2":
            yield tokens, [normal.get(tag, tag) for tag in tags]
        else:
            entities = tag_schemes.spans([tag.decode() for tag in tags])
            yield tokens, [tag.encode() for tag in tag_schemes.tags_of(entities, len(tags), "iob2")]


def _miscounted(line: bytes, found: int, columns: _Columns) -> str:
    between = "tabs" if columns.separator else "blanks"
    message = (
        f"{found} column{'s' * (found > 1)} in {_excerpt(line)}, but line {columns.first_line} has {columns.count}"
    )
    if columns.separator and len(line.split()) == columns.count:
        return f"{message}; separate the columns by {between} here too"
    return f"{message} (separated by {between}); add or remove a column, or end the sentence with a blank line"


def _excerpt(line: bytes) -> str:
    text = line.decode(errors="replace")
    return repr(text if len(text) <= 40 else text[:37] + "...")
