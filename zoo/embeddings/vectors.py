"""Pretrained word vectors: GloVe text, word2vec text (also fastText's `.vec`) and word2vec binary, each also gzipped.

Files are streamed, so memory does not grow with them. Which format a file has is read from its content, never from its
name:

| format          | first line              | then                                                                   |
|-----------------|-------------------------|------------------------------------------------------------------------|
| GloVe text      | none                    | `word 0.1 -0.2 ...` a line; the word may hold spaces, as `. . .`       |
| word2vec text   | `<count> <dimension>`   | the same                                                               |
| word2vec binary | `<count> <dimension>`   | word, space, `dimension` little-endian float32, often a line end       |

GloVe: Pennington et al. (2014). word2vec: Mikolov et al. (2013). NumPy only, no TensorFlow.
"""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np

_BOM = b"\xef\xbb\xbf"
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_HEADER = re.compile(rb"\s*(\d+)[ \t]+(\d+)\s*")
_NEVER_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

# Limits far above any real file: they keep a file that is something else from being read into memory whole.
_LONGEST_LINE = 1 << 22
_LARGEST_DIMENSION = 1 << 16
_LONGEST_WORD = 1 << 16
_CHUNK = 1 << 20
_LINES_TO_JUDGE = 32

_NOT_PARSED = np.empty(0, np.float32)

_Vectors = Iterator[tuple[str, np.ndarray]]


class _Layout(NamedTuple):
    """What the beginning of a file says of the rest; `count` is None where there is no header."""

    kind: Literal["text", "binary"]
    dimension: int
    count: int | None


def read_vectors(path: str | Path, vocabulary: Iterable[str] | None = None) -> Iterator[tuple[str, np.ndarray]]:
    """Streams the words of a vector file and their vectors, in the file's order.

    Args:
        path: GloVe text, word2vec text or word2vec binary, gzipped or not.
        vocabulary: If given, only these words are returned (case matters). The numbers of the other lines are counted
            but not parsed, which is several times faster.

    Returns:
        An iterator of `(word, vector)`, vector being float32 `[dimension]`. A word that occurs twice is returned twice.
        Bytes of a word that are not UTF-8 become U+FFFD.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not one of word vectors, is cut off, or a line of it is malformed; `path:line: what is
            wrong` (in a binary file the number of the vector and its first byte). Errors beyond the file's beginning
            are raised while iterating.
    """
    path = Path(path)
    return _read(path, _sniff(path), vocabulary)


def read_words(path: str | Path) -> Iterator[str]:
    """Streams the words of a vector file in the file's order, without parsing the numbers.

    Args:
        path: GloVe text, word2vec text or word2vec binary, gzipped or not.

    Returns:
        An iterator of words, as `read_vectors` returns them; of a text, lines with a wrong number of values are errors,
        values that are no numbers are not noticed.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: As `read_vectors`.
    """
    path = Path(path)
    return (word for word, _ in _read(path, _sniff(path), None, parse=False))


def vector_dimension(path: str | Path) -> int:
    """Returns how many numbers each vector of a file has; reads no more than the file's beginning.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not one of word vectors.
    """
    return _sniff(Path(path)).dimension


def _read(path: Path, layout: _Layout, vocabulary: Iterable[str] | None, parse: bool = True) -> _Vectors:
    # Words are compared as bytes: most of a million words need not be decoded to see that they are not wanted.
    wanted = None if vocabulary is None else {word.encode(errors="surrogatepass") for word in vocabulary}
    with _open(path) as stream:
        read = _read_binary if layout.kind == "binary" else _read_text
        yield from read(path, stream, layout, wanted, parse)


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """Opens a file, through gzip if it is, and turns what a damaged archive raises into one clear line."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file of word vectors")
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic == b"PK\x03\x04":
            raise ValueError(f"{path}: this is a zip archive; unzip it and give one of the files in it")
        if magic[:2] != b"\x1f\x8b":
            yield raw
            return
        try:
            with gzip.open(raw) as unpacked:
                yield unpacked
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: the gzip file is cut off or damaged ({error}); fetch it again") from error


def _read_line(path: Path, stream: BinaryIO, number: int) -> bytes | None:
    """Returns the next line without white space at its end (None after the last), tabs as spaces."""
    line = stream.readline(_LONGEST_LINE)
    if not line:
        return None
    if len(line) == _LONGEST_LINE:
        raise ValueError(f"{path}:{number}: a line of over {_LONGEST_LINE} bytes; this is not a file of word vectors")
    if number == 1:
        line = line.removeprefix(_BOM)
    return line.rstrip(b" \t\r\n").replace(b"\t", b" ")


def _sniff(path: Path) -> _Layout:
    with _open(path) as stream:
        line = _read_line(path, stream, 1)
        if line is None:
            raise ValueError(f"{path}: the file is empty")
        header = _HEADER.fullmatch(line)
        if header is None:
            return _Layout("text", _judge_dimension(path, line, stream), None)
        count, dimension = int(header[1]), int(header[2])
        if not 0 < dimension <= _LARGEST_DIMENSION:
            raise ValueError(f"{path}:1: the header says that vectors have dimension {dimension}")
        kind = "binary" if _looks_binary(stream.read(_LONGEST_WORD + 4 * dimension), dimension) else "text"
        return _Layout(kind, dimension, count)


def _judge_dimension(path: Path, first: bytes, stream: BinaryIO) -> int:
    """Returns how many numbers most of the first lines end with: a single one may be wrong, or its word a number."""
    counts: Counter[int] = Counter()
    line: bytes | None = first
    for number in range(1, _LINES_TO_JUDGE + 1):
        if line is None:
            break
        pieces = line.split(b" ")
        numbers = next((i for i, piece in enumerate(reversed(pieces)) if not _NUMBER.fullmatch(piece)), len(pieces) - 1)
        if numbers:
            counts[numbers] += 1
        elif number == 1:
            raise ValueError(f"{path}:1: expected a word and its numbers; this is not a file of word vectors")
        line = _read_line(path, stream, number + 1)
    return counts.most_common(1)[0][0]  # Of equally frequent ones the first.


def _looks_binary(beginning: bytes, dimension: int) -> bool:
    """Whether the bytes after the first word cannot be text: float32 values hardly ever are printable UTF-8."""
    space = beginning.find(b" ")
    values = beginning[space + 1 : space + 1 + 4 * dimension]
    if _NEVER_IN_TEXT.search(values):
        return True
    try:
        values[:-3].decode()  # The window may end inside a character.
    except UnicodeDecodeError as error:
        return error.end < len(values) - 3
    return False


def _read_text(path: Path, stream: BinaryIO, layout: _Layout, wanted: set[bytes] | None, parse: bool) -> _Vectors:
    dimension, number, vectors = layout.dimension, 0, 0
    if layout.count is not None:
        number = 1
        _read_line(path, stream, number)
    while (line := _read_line(path, stream, number + 1)) is not None:
        number += 1
        if not line:
            continue
        vectors += 1
        if layout.count is not None and vectors > layout.count:
            raise ValueError(f"{path}:{number}: the header promises {layout.count} vectors, here is another one")
        word, _, rest = line.partition(b" ")
        if wanted is not None and word and word not in wanted and rest.count(b" ") == dimension - 1:
            continue
        word, *values = line.rsplit(b" ", dimension)
        place = f"{path}:{number}"
        _check_line(place, word, values, dimension)
        vector = _finite(place, _parse(place, values)) if parse else _NOT_PARSED
        if wanted is None or word in wanted:
            yield word.decode(errors="surrogatepass" if wanted else "replace"), vector
    if layout.count is not None and vectors < layout.count:
        raise ValueError(
            f"{path}: the header promises {layout.count} vectors, the file ends after {vectors}; it is cut off"
        )


def _check_line(place: str, word: bytes, values: list[bytes], dimension: int) -> None:
    """Checks the parts of a line; `word` may hold spaces, but not end with a number: that is a value too many."""
    if len(values) < dimension:
        raise ValueError(f"{place}: expected a word and {dimension} numbers, found {len(values) + 1} parts")
    if not word.strip(b" "):
        raise ValueError(f"{place}: there is no word before the {dimension} numbers")
    words, _, last = word.rpartition(b" ")
    if words and _NUMBER.fullmatch(last):
        raise ValueError(f"{place}: more than {dimension} numbers after the word")


def _parse(place: str, values: list[bytes]) -> np.ndarray:
    # `float` takes 1_0, nan and inf too. To look for their characters costs a third of a pattern for each value.
    if not b"".join(values).translate(None, b"0123456789+-.eE"):
        with suppress(ValueError):
            return np.array(list(map(float, values)))
    wrong = next(value for value in values if not _NUMBER.fullmatch(value))
    shown = wrong[:40].decode(errors="replace")
    raise ValueError(f"{place}: expected {len(values)} numbers after the word, but {shown!r} is not a number")


def _finite(place: str, vector: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        vector = vector.astype(np.float32)
    if not np.isfinite(vector).all():
        raise ValueError(f"{place}: the vector has a value that is not a finite float32")
    return vector


def _read_binary(path: Path, stream: BinaryIO, layout: _Layout, wanted: set[bytes] | None, parse: bool) -> _Vectors:
    _read_line(path, stream, 1)
    size = 4 * layout.dimension
    buffer, position, end = b"", 0, stream.tell()  # `end` is the byte of the (unpacked) file at which the buffer ends
    for number in range(1, layout.count + 1):
        while True:
            space = buffer.find(b" ", position)
            if space >= 0 and len(buffer) >= space + 1 + size:
                break
            place = f"{path}: vector {number} at byte {end - len(buffer) + position}"
            if space < 0 and len(buffer) - position > _LONGEST_WORD:
                raise ValueError(f"{place}: a word of over {_LONGEST_WORD} bytes; the file is damaged")
            more = stream.read(_CHUNK)
            if not more:
                promise = f"the header promises {layout.count} vectors of dimension {layout.dimension}"
                raise ValueError(f"{place}: {promise}, the file ends after {number - 1} at byte {end}; it is cut off")
            buffer, position, end = buffer[position:] + more, 0, end + len(more)
        start, word = position, buffer[position:space].lstrip(b"\r\n")
        position = space + 1 + size
        if wanted is None or word in wanted:
            vector = _NOT_PARSED
            if parse:
                place = f"{path}: vector {number} at byte {end - len(buffer) + start}"
                vector = _finite(place, np.frombuffer(buffer, "<f4", layout.dimension, space + 1))
            yield word.decode(errors="surrogatepass" if wanted else "replace"), vector
    if (buffer[position:] + stream.read(_LONGEST_WORD)).strip():
        place = f"{path}: byte {end - len(buffer) + position}"
        raise ValueError(f"{place}: bytes remain after the {layout.count} vectors that the header promises")
