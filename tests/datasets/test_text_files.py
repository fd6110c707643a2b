"""Tables and folders of labelled texts, as they are found and as they are broken."""

import gzip

import pytest

from zoo import datasets
from zoo.datasets.text_files import Reader

PAIRS = [("A good film.", "1"), ('He said "no", and, well, left', "0"), ("naïve 🙂", "1")]


def write(path, text, compress=False):
    data = text.encode()
    path.write_bytes(gzip.compress(data) if compress else data)
    return path


def read(path, **options):
    records = datasets.read_texts(path, **options).as_numpy_iterator()
    return [(record["text"].decode(), record["label"].decode()) for record in records]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    "line",
    [lambda text, label: f"{label}\t{text}\n", lambda text, label: f"{text}\t{label}\r\n"],
    ids=["label first", "text first"],
)
def test_tsv_without_header(tmp_path, line, compress):
    path = write(tmp_path / "a.tsv", "".join(line(*pair) for pair in PAIRS), compress)
    assert read(path) == PAIRS
    assert datasets.read_texts(path).cardinality().numpy() == 3


@pytest.mark.parametrize("compress", [False, True])
def test_csv_with_header_quotes_and_line_breaks(tmp_path, compress):
    rows = 'id,Review,Sentiment\n1,"He said ""no"", and\nleft",neg\n2,fine,pos\n\n3,"",pos\n'
    path = write(tmp_path / "a.csv", "\ufeff" + rows.replace('3,"",pos\n', ""), compress)
    assert read(path) == [('He said "no", and\nleft', "neg"), ("fine", "pos")]
    with pytest.raises(ValueError, match=r"b.csv:6: the text \(column 1\) is empty; fill it in or remove the row"):
        read(write(tmp_path / "b.csv", rows, compress))


def test_columns_are_found_by_their_values_or_named(tmp_path):
    path = write(tmp_path / "a.tsv", "".join(f"{i}\t{i % 3}\tthe text number {i}\t{i % 2}\n" for i in range(9)))
    assert read(path)[3] == ("the text number 3", "1")  # two labels rather than three
    assert read(path, label_column=1)[5] == ("the text number 5", "2")
    assert read(path, text_column=0, label_column=-1)[5] == ("5", "1")
    named = write(tmp_path / "b.tsv", "mood\tphrase\tstars\nx\ty z\t3\nw\tq r s\t4\n")
    assert read(named, text_column="phrase", label_column="mood") == [("y z", "x"), ("q r s", "w")]
    with pytest.raises(ValueError, match=r"b.tsv:1: label_column='moods', but its columns are mood, phrase, stars"):
        read(named, label_column="moods")
    with pytest.raises(ValueError, match=r"text_column=7, but it has columns 0 to 3 and no header"):
        read(path, text_column=7)
    with pytest.raises(ValueError, match="both column 2"):
        read(path, text_column=2, label_column=2)


def test_a_header_that_is_not_recognised_is_asked_about(tmp_path):
    path = write(tmp_path / "a.tsv", "mood\tphrase\n" + "".join(f"{i % 2}\tthe text number {i}\n" for i in range(30)))
    with pytest.raises(ValueError, match=r"a.tsv:1: the label 'mood' occurs in the first row only.*header=yes"):
        read(path)
    assert len(read(path, header=True)) == 30
    assert read(path, header=False)[0] == ("phrase", "mood")
    assert len(list(Reader(header="yes")(path))) == 30


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"a.tsv: the file is empty"),
        ("\n \n", r"a.tsv: the file is empty"),
        ("only texts\nand no labels\n", r"a.tsv:1: only one column; expected a text and a label"),
        ("text\tlabel\n", r"a.tsv:1: there is nothing after the header"),
        ("1\tgood\n0\tbad\tworse\n", r"a.tsv:2: 3 columns, but the first row has 2 \(separated by tabs"),
        ("1\tgood\n\n0\n", r"a.tsv:3: 1 columns, but the first row has 2"),
        ("1\tgood\n0\t \n", r"a.tsv:2: the text \(column 1\) is empty"),
        ("1\tgood\n\tbad\n", r"a.tsv:2: the label \(column 0\) is empty"),
        ("1\tgood\n1\tbetter\n", r"a.tsv: all 2 records have the label '1'.*add records of another class"),
        ('1,"good\n0,bad\n', r"a.tsv:1: not a row of CSV \(unexpected end of data\)"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, content, message):
    with pytest.raises(ValueError, match=message) as caught:
        read(write(tmp_path / "a.tsv", content), label_column=0 if "\t" in content and "text" not in content else None)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b"1\tgood\n0\tcaf\xe9\n")
    with pytest.raises(ValueError, match=r"a.tsv:2: byte 0xe9 is not UTF-8; convert the file"):
        read(path)
    path.write_bytes("1\tgood\n".encode("utf-16"))
    with pytest.raises(ValueError, match=r"a.tsv:1: the file is in UTF-16"):
        read(path)
    path.write_bytes(gzip.compress(b"1\tgood\n0\tbad\n" * 1000)[:-20])
    with pytest.raises(ValueError, match=r"a.tsv: the gzip file is cut off or damaged"):
        read(path)
    with pytest.raises(FileNotFoundError, match=r"none.tsv: no such file"):
        read(tmp_path / "none.tsv")


def test_labels_of_later_files_are_those_of_the_first(tmp_path):
    train = write(tmp_path / "train.tsv", "pos\tgood\nneg\tbad\n")
    test = write(tmp_path / "test.tsv", "pos\tgood\npos\tfine\n")
    other = write(tmp_path / "other.tsv", "pos\tgood\nnone\twell\n")
    reader = Reader()
    assert len(list(reader(train))) == len(list(reader(test))) == 2  # one class is enough for a test
    with pytest.raises(
        ValueError, match=r"other.tsv:2: the label 'none' does not occur in the training data.*neg, pos"
    ):
        reader(other)


def aclimdb(folder, **classes):
    for name, texts in classes.items():
        (folder / name).mkdir(parents=True)
        for number, text in enumerate(texts):
            (folder / name / f"{number}_7.txt").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_a_class(tmp_path, caplog):
    folder = aclimdb(tmp_path / "train", pos=[f"p{i}" for i in range(4)], neg=["n0", "n1"], unsup=["?"])
    (folder / "labeledBow.feat").touch()
    records = read(folder)
    assert [label for _, label in records] == ["pos", "neg", "pos", "pos", "neg", "pos"]  # mixed evenly
    assert dict(records) == {"p0": "pos", "p1": "pos", "p2": "pos", "p3": "pos", "n0": "neg", "n1": "neg"}
    assert "unsup: its texts have no label and are left out" in caplog.text


def test_folders_that_cannot_be_learnt_from(tmp_path):
    with pytest.raises(ValueError, match="there is no folder in it; each class needs a folder"):
        read(tmp_path)
    with pytest.raises(ValueError, match=r"all 1 records have the label 'pos'"):
        read(aclimdb(tmp_path / "one", pos=["p"]))
    with pytest.raises(ValueError, match=r"neg: there is no .txt file in it"):
        read(aclimdb(tmp_path / "empty", pos=["p"], neg=[]))
    with pytest.raises(ValueError, match=r"0_7.txt: the text is empty; remove the file"):
        read(aclimdb(tmp_path / "blank", pos=["p"], neg=[" "]))
