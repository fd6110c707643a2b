import gzip
import subprocess
import sys

import numpy as np
import pytest

from zoo.embeddings import read_vectors, read_words
from zoo.embeddings.vectors import vector_dimension

WORDS = ["the", "wand", "Zürich", "東京", "1984"]
VECTORS = np.random.default_rng(7).normal(size=(5, 6)).astype(np.float32)


def text_lines(words=WORDS, vectors=VECTORS):
    return [" ".join([word, *map(repr, vector.tolist())]) for word, vector in zip(words, vectors, strict=True)]


def glove(end="\n"):
    return "".join(line + end for line in text_lines()).encode()


def word2vec_text(header="5 6", end=" \n"):
    return (header + "\n" + "".join(line + end for line in text_lines())).encode()


def word2vec_binary(header="5 6", end=b"\n"):
    records = (word.encode() + b" " + vector.tobytes() + end for word, vector in zip(WORDS, VECTORS, strict=True))
    return header.encode() + b"\n" + b"".join(records)


FILES = {
    "glove": glove(),
    "glove, BOM and CRLF": b"\xef\xbb\xbf" + glove("\r\n"),
    "glove, no last line end": glove().rstrip(),
    "glove, blank lines": glove("\n\n"),
    "glove, tabs": glove().replace(b" ", b"\t"),
    "word2vec text": word2vec_text(),
    "word2vec text, BOM and CRLF": b"\xef\xbb\xbf" + word2vec_text(end="\r\n"),
    "word2vec binary": word2vec_binary(),
    "word2vec binary, no line ends": word2vec_binary(end=b""),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_words_and_vectors(vector_file, name, packed):
    path = vector_file(gzip.compress(FILES[name]) if packed else FILES[name])
    words, vectors = zip(*read_vectors(path), strict=True)
    assert list(words) == WORDS
    assert all(vector.dtype == np.float32 for vector in vectors)
    np.testing.assert_array_equal(np.stack(vectors), VECTORS)


@pytest.mark.parametrize("content", [glove(), word2vec_text(), word2vec_binary()], ids=["glove", "text", "binary"])
def test_words_alone_are_the_same_words(vector_file, content):
    path = vector_file(content)
    assert list(read_words(path)) == WORDS
    assert vector_dimension(path) == 6
    with pytest.raises(ValueError, match=r"expected a word and 3 numbers|cut off"):
        list(read_words(vector_file(content[:-9] if content == word2vec_binary() else b"a 1 2 3\nb 1 2\n")))


@pytest.mark.parametrize("content", [glove(), word2vec_text(), word2vec_binary()], ids=["glove", "text", "binary"])
def test_only_the_words_asked_for_are_returned(vector_file, content):
    found = dict(read_vectors(vector_file(content), ["東京", "broom", "the"]))
    assert set(found) == {"東京", "the"}
    np.testing.assert_array_equal(found["東京"], VECTORS[3])


def test_words_with_spaces_and_words_that_are_numbers(vector_file):
    path = vector_file(b"1984 0.5 1\n. . . 2 3\nat name@domain.com 4 5\n\xc2\xa0 6 7\nnan 8 9\n")
    found = dict(read_vectors(path))
    assert list(found) == ["1984", ". . .", "at name@domain.com", "\xa0", "nan"]
    assert found[". . ."].tolist() == [2.0, 3.0]
    assert [word for word, _ in read_vectors(path, ["at name@domain.com", "."])] == ["at name@domain.com"]


def test_bytes_that_are_not_utf8_do_not_stop_the_reading(vector_file):
    path = vector_file(b"caf\xe9 1 2\ntea 3 4\n")
    assert [word for word, _ in read_vectors(path)] == ["caf\N{REPLACEMENT CHARACTER}", "tea"]


def test_binary_vectors_larger_than_a_chunk(vector_file):
    vectors = np.random.default_rng(1).normal(size=(700, 500)).astype(np.float32)
    records = (f"word{i} ".encode() + vector.tobytes() for i, vector in enumerate(vectors))
    path = vector_file(b"700 500\n" + b"".join(records))
    words, read = zip(*read_vectors(path), strict=True)
    assert words == tuple(f"word{i}" for i in range(700))
    np.testing.assert_array_equal(np.stack(read), vectors)


MALFORMED = {
    "too few numbers": (b"a 1 2 3\nb 1 2\n", r":2: expected a word and 3 numbers, found 3 parts"),
    "too many numbers": (b"a 1 2 3\nb 1 2 3 4\n", r":2: more than 3 numbers"),
    "not a number": (b"a 1 2 3\nb 1 two 3\n", r":2: .*'two' is not a number"),
    "underscored number": (b"a 1 2 3\nb 1 1_0 3\n", r":2: .*'1_0' is not a number"),
    "not finite": (b"a 1 2 3\nb 1 nan 3\n", r":2: .*'nan' is not a number"),
    "beyond float32": (b"a 1 2 3\nb 1 1e39 3\n", r":2: .*not a finite float32"),
    "no word": (b"a 1 2 3\n 1 2 3\n", r":2: there is no word"),
    "no word, wide": (b"a 1 2 3\n  1 2 3\n", r":2: there is no word"),
    "empty": (b"", r": the file is empty"),
    "prose": (b"It was a dark night.\nIt rained.\n", r":1: .*not a file of word vectors"),
    "zip": (b"PK\x03\x04rest", r"zip archive; unzip it"),
    "damaged gzip": (gzip.compress(glove())[:-20], r"gzip file is cut off or damaged"),
    "one endless line": (b"x" * (1 << 22), r":1: a line of over"),
    "header, text cut off": (word2vec_text("7 6"), r"promises 7 vectors, the file ends after 5"),
    "header, text too long": (word2vec_text("4 6"), r":6: the header promises 4 vectors"),
    "header, other dimension": (word2vec_text("5 7"), r":2: expected a word and 7 numbers, found 7 parts"),
    "header, dimension 0": (word2vec_text("5 0"), r":1: the header says that vectors have dimension 0"),
    "binary cut off": (
        word2vec_binary()[:-9],
        r"vector 5 at byte 127: the header promises 5 vectors of dimension 6, the file ends after 4 at byte 149",
    ),
    "binary too long": (word2vec_binary("4 6"), r"byte \d+: bytes remain after the 4 vectors"),
    "binary without spaces": (
        b"2 2\nw \x00\x01\x02\x03\x04\x05\x06\x07" + b"x" * 70000,
        r"vector 2 at byte 14: a word of over",
    ),
    "binary not finite": (b"1 2\nw " + np.array([1, np.nan], "<f4").tobytes(), r"vector 1 at byte 4: .*not a finite"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_say_where_and_what(vector_file, name):
    content, message = MALFORMED[name]
    path = vector_file(content)
    with pytest.raises(ValueError, match=message) as error:
        list(read_vectors(path))
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_malformed_line_is_found_also_when_its_word_is_not_wanted(vector_file):
    with pytest.raises(ValueError, match=":2: expected a word and 3 numbers"):
        list(read_vectors(vector_file(b"a 1 2 3\nb 1 2\nc 1 2 3\n"), ["c"]))


def test_a_missing_file_or_a_folder(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(FileNotFoundError, match="no such file of word vectors"):
            read_vectors(path)


def test_reading_needs_no_tensorflow():
    program = "import sys, zoo.embeddings; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
