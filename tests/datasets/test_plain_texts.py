import gzip

import pytest

from zoo import datasets
from zoo.datasets import language_reference
from zoo.datasets.plain_texts import last_tenth


def read(path, **kwargs):
    return [r["text"].decode() for r in datasets.read_plain_texts(path, **kwargs).as_numpy_iterator()]


def test_a_file_is_a_text_or_its_lines_or_paragraphs_are(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeffOne line.\r\nTwo\u00e9\n\n\n  \nThree. \n".encode())
    assert read(file) == ["One line.\nTwo\u00e9\n\n\n  \nThree. \n"]
    assert read(file, per="line") == ["One line.", "Two\u00e9", "Three."]
    assert read(file, per="paragraph") == ["One line.\nTwo\u00e9", "Three. "]


def test_a_folder_in_the_order_of_names_and_gzip(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_text("second")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"first"))
    (tmp_path / "sub" / "c.txt").write_text("third")
    (tmp_path / "d.txt").write_bytes(gzip.compress(b"packed, whatever its name says"))
    (tmp_path / "image.png").write_bytes(b"\x89PNG")
    assert read(tmp_path) == ["first", "second", "packed, whatever its name says", "third"]


def test_what_cannot_be_read_is_named(tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"fine\nnot \xe9 fine")
    with pytest.raises(ValueError, match=r"bad\.txt:2: byte 0xe9 is not UTF-8.*iconv"):
        read(bad)
    bad.write_text(" \n\t\n")
    with pytest.raises(ValueError, match="there is no text in it"):
        read(bad)
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        read(tmp_path / "none.txt")
    (tmp_path / "cut.txt.gz").write_bytes(gzip.compress(b"text " * 1000)[:30])
    with pytest.raises(ValueError, match=r"cut\.txt\.gz: the gzip file is cut off or damaged"):
        read(tmp_path / "cut.txt.gz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no text file"):
        read(tmp_path / "empty")


def test_the_last_tenth_of_one_text_and_of_many():
    def split(texts):
        parts = last_tenth(datasets.from_plain_texts(texts))
        return [[r["text"].decode() for r in part.as_numpy_iterator()] for part in parts]

    assert split(["0123456789"]) == [["012345678"], ["9"]]
    assert split(["aaaa", "bbbb", "cc"]) == [["aaaa", "bbbb", "c"], ["c"]]
    assert split(["\u00e9" * 20]) == [["\u00e9" * 18], ["\u00e9" * 2]]
    with pytest.raises(ValueError, match="too short"):
        split(["x"])


def test_what_a_text_is_must_be_known(tmp_path):
    with pytest.raises(ValueError, match="per='word'; allowed: 'file', 'line', 'paragraph'"):
        datasets.read_plain_texts(tmp_path, per="word")


def test_texts_in_memory_are_checked():
    with pytest.raises(TypeError, match="text 1"):
        datasets.from_plain_texts(["a", 3])
    with pytest.raises(ValueError, match="no texts"):
        datasets.from_plain_texts([])


def test_the_language_reference_has_splits_that_share_no_text():
    splits = {name: language_reference.texts(name) for name in ("train", "validation", "test")}
    sizes = {name: sum(map(len, texts)) for name, texts in splits.items()}
    assert 100_000 < sizes["train"] < 300_000
    assert all(10_000 < sizes[name] < 120_000 for name in ("validation", "test"))
    assert not set(splits["train"]) & (set(splits["validation"]) | set(splits["test"]))
    assert language_reference.texts("dev") == splits["validation"]
    with pytest.raises(ValueError, match="no split 'all'"):
        language_reference.texts("all")
    loaded = datasets.load("language_reference", split="test")
    assert [r["text"].decode() for r in loaded.as_numpy_iterator()] == splits["test"]
