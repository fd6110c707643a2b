"""Flickr8k's files, as they are found and as they are broken."""

import gzip
import io
import logging

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from zoo import datasets
from zoo.datasets.captions import Reader


def image(color, kind="JPEG", mode="RGB"):
    file = io.BytesIO()
    Image.new("RGB", (9, 7), color).convert(mode).save(file, kind)
    return file.getvalue()


JPEG = image("red")
CAPTIONS = {"a.jpg": ["A red one .", "Red , again"], "b.png": ["Blue"], "c.jpg": ["A grey one"]}
IMAGES = {"a.jpg": JPEG, "b.png": image("blue", "PNG", "RGBA"), "c.jpg": image("grey", mode="CMYK")}
TABLES = {
    "numbered": "".join(f"{name}\t{k}\t{text}\n" for name, texts in CAPTIONS.items() for k, text in enumerate(texts)),
    "token": "".join(f"{name}#{k}\t{text}\n" for name, texts in CAPTIONS.items() for k, text in enumerate(texts)),
    "csv": "image,caption\n" + "".join(f'{name},"{text}"\n' for name, texts in CAPTIONS.items() for text in texts),
}


@pytest.fixture
def corpus(tmp_path):
    """A folder with `images/` and `captions.tsv`."""
    (tmp_path / "images").mkdir()
    for name, content in IMAGES.items():
        (tmp_path / "images" / name).write_bytes(content)
    (tmp_path / "captions.tsv").write_text(TABLES["numbered"], encoding="utf-8")
    return tmp_path


def read(*args, **options):
    """Records by name: content and captions."""
    records = datasets.read_captions(*args, **options).as_numpy_iterator()
    return {
        record["name"].decode(): (record["image"], [text.decode() for text in record["captions"]]) for record in records
    }


@pytest.mark.parametrize("form", TABLES)
def test_tables_of_every_form(corpus, form):
    table = corpus / f"{form}.txt"
    table.write_bytes(b"\xef\xbb\xbf" + TABLES[form].replace("\n", "\r\n").encode())
    records = read(table, corpus / "images")
    assert list(records) == list(CAPTIONS)
    assert records == {name: (IMAGES[name], CAPTIONS[name]) for name in CAPTIONS}


def test_blank_lines_are_no_rows_and_are_counted(corpus):
    (corpus / "captions.csv").write_text("\nimage,caption\n\na.jpg,Red\n  \nb.png,\n")
    with pytest.raises(ValueError, match=r"captions.csv:6: the caption of b.png is empty"):
        datasets.read_captions(corpus / "captions.csv")
    assert list(read(corpus / "captions.csv", on_error="skip")) == ["a.jpg"]


def test_records_are_known_by_kind_and_number(corpus):
    records = datasets.read_captions(corpus / "captions.tsv")  # the folder beside it is found
    assert records.element_spec == {
        "image": tf.TensorSpec([], tf.string),
        "captions": tf.TensorSpec([None], tf.string),
        "name": tf.TensorSpec([], tf.string),
    }
    assert records.cardinality().numpy() == 3


def test_lists_choose_and_order_and_share_a_table(corpus):
    (corpus / "train.txt").write_text("c.jpg\n\na.jpg\n")
    (corpus / "dev.txt").write_text("b.png")
    reader = Reader(corpus / "captions.tsv", corpus / "images")
    names = [[record["name"] for record in reader(corpus / f).as_numpy_iterator()] for f in ("train.txt", "dev.txt")]
    assert names == [[b"c.jpg", b"a.jpg"], [b"b.png"]]
    assert list(read(corpus / "captions.tsv", names=corpus / "dev.txt")) == ["b.png"]
    assert len(list(Reader()(corpus / "captions.tsv"))) == 3  # without a table, the path is the table


def test_images_are_read_when_they_are_asked_for(corpus):
    records = datasets.read_captions(corpus / "captions.tsv")
    (corpus / "images" / "a.jpg").write_bytes(b"changed")
    assert next(records.as_numpy_iterator())["image"] == b"changed"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", r"captions.tsv:1: expected `name TAB number TAB caption`"),
        ("a.jpg,red\n", r"captions.tsv:1: expected .* CSV whose first row is `image,caption`; found 'a.jpg,red'"),
        ("image,caption\n", r"captions.tsv: there is no caption in it"),
        ("image,caption\na.jpg,red\nb.png,blue, too\n", r"captions.tsv:3: 3 columns, but the first row has 2; put"),
        ('image,caption\na.jpg,"red\n', r"captions.tsv:2: not a row of CSV"),
        ("image,caption,caption\na.jpg,red,rot\n", r"captions.tsv:1: 2 columns are called 'caption'; give each"),
        ("a.jpg\t0\tred\na.jpg\tred\n", r"captions.tsv:2: 2 columns; expected"),
        ("a.jpg\tred\trot\n", r"captions.tsv:1: 'red' is no number of a caption; expected"),
        (
            "a.jpg\t0\tred\na.jpg\t1\t \n",
            r"captions.tsv:2: the caption of a.jpg is empty; fill it in, or leave such out",
        ),
        ("a.jpg\t0\tred\na.jpg\t0\trot\n", r"captions.tsv:2: a second caption 0 of a.jpg; number or remove it"),
        ("a.jpg\t0\tred\nd.jpg\t0\tnone\n", r"captions.tsv:2: there is no image .*images/d.jpg; add it or remove its"),
    ],
)
def test_what_is_wrong_in_a_table_is_said_with_its_line(corpus, table, message):
    (corpus / "captions.tsv").write_text(table)
    with pytest.raises(ValueError, match=message) as caught:
        datasets.read_captions(corpus / "captions.tsv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (JPEG[:-20], "is cut off, damaged or too large"),
        (b"", "is empty"),
        (b"<html>404 Not Found</html>", "is neither JPEG nor PNG"),
        (gzip.compress(JPEG), "is neither JPEG nor PNG"),
    ],
    ids=["cut off", "empty", "a page", "compressed"],
)
def test_files_that_are_no_images_are_refused_or_skipped(corpus, caplog, content, fault):
    (corpus / "images" / "c.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=rf"captions.tsv:4: the file .*c.jpg {fault}; fetch it again"):
        datasets.read_captions(corpus / "captions.tsv")
    reader = Reader(on_error="skip")
    assert [record["name"] for record in reader(corpus / "captions.tsv").as_numpy_iterator()] == [b"a.jpg", b"b.png"]
    assert reader.skipped == {"files that are no images": 1}
    assert "1 files that are no images left out" in caplog.text


def test_skipping_counts_every_kind_once(corpus, caplog):
    rows = [f"x{k}.jpg\t0\tgone" for k in range(5)] + ["a.jpg\t2\t", "a.jpg\t0\tagain", "b.png\t1\t "]
    (corpus / "captions.tsv").write_text(TABLES["numbered"] + "\n".join(rows))
    (corpus / "names.txt").write_text("a.jpg\nx0.jpg\nx1.jpg\nx2.jpg\nx3.jpg\na.jpg\nnobody.jpg\nc.jpg\n")
    reader = Reader(corpus / "captions.tsv", on_error="skip")
    for _ in range(2):
        names = [record["name"] for record in reader(corpus / "names.txt").as_numpy_iterator()]
        assert names == [b"a.jpg", b"c.jpg"]
    assert reader.skipped == {
        "captions without a text": 2,  # of the table, which is read once
        "repeated captions": 1,
        "repeated names": 2,
        "images without captions": 2,
        "captions without an image": 8,
    }
    assert "names.txt: 4 captions without an image left out" in caplog.text
    assert "x2.jpg, ...)" in caplog.text
    assert "x3.jpg" not in caplog.text


def test_images_that_nobody_speaks_of_are_told(corpus, caplog):
    (corpus / "images" / "d.jpg").write_bytes(JPEG)
    (corpus / "images" / "notes.txt").touch()
    with caplog.at_level(logging.WARNING):
        assert len(read(corpus / "captions.tsv")) == 3
    assert "1 images have no captions" in caplog.text
    assert "d.jpg" in caplog.text


def test_lists_and_folders_that_cannot_be_used(corpus):
    table = corpus / "captions.tsv"
    (corpus / "names.txt").write_text("a.jpg\nnobody.jpg\n")
    with pytest.raises(ValueError, match=r"names.txt:2: nobody.jpg has no captions in .*captions.tsv; add them"):
        datasets.read_captions(table, names=corpus / "names.txt")
    (corpus / "names.txt").write_text("nobody.jpg\n")
    with pytest.raises(ValueError, match=r"names.txt: no image with captions is left"):
        datasets.read_captions(table, names=corpus / "names.txt", on_error="skip")
    with pytest.raises(FileNotFoundError, match=r"none.txt: no such file"):
        datasets.read_captions(table, names=corpus / "none.txt")
    with pytest.raises(FileNotFoundError, match=r"nowhere: no such folder of images"):
        datasets.read_captions(table, corpus / "nowhere")
    (corpus / "images").rename(corpus / "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"no folder called images beside captions.tsv"):
        datasets.read_captions(table)
    with pytest.raises(ValueError, match=r"on_error='ignore'; allowed: 'raise', 'skip'"):
        Reader(on_error="ignore")
    (corpus / "latin.tsv").write_bytes("a.jpg\t0\tcafé\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin.tsv:1: byte 0xe9 is not UTF-8"):
        datasets.read_captions(corpus / "latin.tsv", corpus / "elsewhere")


def test_captions_in_memory():
    records = list(datasets.from_captions([b"1", b"2"], [["a", "b"], ["ç"]], ["x", "y"]).as_numpy_iterator())
    assert [record["image"] for record in records] == [b"1", b"2"]
    assert [record["name"] for record in records] == [b"x", b"y"]
    np.testing.assert_array_equal(records[0]["captions"], [b"a", b"b"])
    assert records[1]["captions"].tolist() == ["ç".encode()]
    for images, captions, message in (
        ([], [], "no images"),
        ([b"1"], [["a"], ["b"]], "1 images, 2 lists of captions, 1 names"),
        ([b"1"], [[]], r"image 0 \(from 0\): its captions are \[\]"),
        ([b"1"], [["a", " "]], r"image 0 \(from 0\): its captions are \['a', ' '\]"),
        ([b"1"], ["a"], r"image 0 \(from 0\): its captions are 'a'"),
    ):
        with pytest.raises(ValueError, match=message):
            datasets.from_captions(images, captions)


def test_captions_without_a_word_and_names_too_long_for_a_file(corpus):
    rows = ["a.jpg\t2\t...", "L" * 300 + ".jpg\t0\tlong"]
    (corpus / "captions.tsv").write_text(TABLES["numbered"] + "\n".join(rows))
    (corpus / "images" / "d.jpg").write_bytes(JPEG)
    with pytest.raises(ValueError, match=r"captions.tsv:5: the caption of a.jpg has no word: \.\.\.; fill it in"):
        datasets.read_captions(corpus / "captions.tsv")
    reader = Reader(on_error="skip")
    assert [record["name"] for record in reader(corpus / "captions.tsv").as_numpy_iterator()] == [
        b"a.jpg", b"b.png", b"c.jpg",
    ]  # fmt: skip
    assert reader.skipped == {
        "captions without a text": 1, "captions without an image": 1, "images without captions": 1,
    }  # fmt: skip
    for captions in (None, [3], [b"bytes"], ["..."]):
        with pytest.raises(ValueError, match=r"image 0 \(from 0\): its captions are .*texts with words"):
            datasets.from_captions([b"1"], [captions])
