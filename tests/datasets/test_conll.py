import logging
import os
import re
import subprocess
import sys

import pytest

from zoo.datasets import iterate_conll, read_conll, scan_conll

LEE = (["Ann", "Lee", "met", "Bo", "."], ["B-PER", "I-PER", "O", "B-PER", "O"])
ROME = (["Rome", "slept"], ["B-LOC", "O"])
TWO = "Ann B-PER\nLee I-PER\nmet O\nBo B-PER\n. O\n\nRome B-LOC\nslept O\n"
LONG = "Ann NNP B-NP B-PER\nLee NNP I-NP I-PER\nmet VBD B-VP O\nBo NNP B-NP B-PER\n. . O O\n\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="some.conll"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TWO, id="blanks"),
        pytest.param(TWO.replace(" ", "\t"), id="tabs"),
        pytest.param(TWO.replace(" ", "  \t"), id="blanks and tabs"),
        pytest.param(TWO.replace(" ", "    "), id="aligned"),
        pytest.param(TWO.replace("\n", "\r\n"), id="CRLF"),
        pytest.param("\ufeff" + TWO, id="byte-order mark"),
        pytest.param(TWO.removesuffix("\n"), id="no line break at the end"),
        pytest.param(TWO + "\n\n\n", id="many blank lines"),
        pytest.param("\n \n" + TWO, id="blank lines first"),
        pytest.param(TWO.replace("\n\n", "\n\t\n"), id="separator with a tab"),
        pytest.param(TWO.replace("\n\n", "\n  \t \n"), id="separator with blanks"),
        pytest.param(TWO.replace("\n", " \n"), id="blanks at the ends"),
        pytest.param("-DOCSTART- -X- O O\n\n" + TWO, id="document line"),
        pytest.param("-DOCSTART- O\n" + TWO.replace("\n\n", "\n-DOCSTART- O\n"), id="document line as separator"),
        pytest.param("# id 1\n#text\n# Ann Lee met Bo .\n" + TWO.replace("\n\n", "\n# id 2\n\n"), id="comments"),
        pytest.param(TWO.replace("\n\n", "\n\n# 2\n"), id="comment with as many columns"),
        pytest.param("\ufeff# Rome\r\n" + TWO.replace("\n", "\r\n"), id="all at once"),
    ],
)
def test_files_as_they_are_found(write, content):
    assert list(iterate_conll(write(content))) == [LEE, ROME]


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param(("I-PER", "I-PER", "O", "I-LOC", "B-LOC"), id="iob1"),
        pytest.param(("B-PER", "I-PER", "O", "B-LOC", "B-LOC"), id="iob2"),
        pytest.param(("B-PER", "E-PER", "O", "S-LOC", "S-LOC"), id="bioes"),
        pytest.param(("B-PER", "L-PER", "O", "U-LOC", "U-LOC"), id="bilou"),
        pytest.param(("B-PER", "I-PER", "0", "B-LOC", "B-LOC"), id="zero for O"),
    ],
)
def test_every_scheme_comes_out_in_iob2(write, tags):
    path = write("".join(f"w {tag}\n" for tag in tags))
    assert list(iterate_conll(path)) == [(["w"] * 5, ["B-PER", "I-PER", "O", "B-LOC", "B-LOC"])]


@pytest.mark.parametrize(
    ("tags", "scheme", "expected"),
    [
        ("PER PER O LOC", "io", ["B-PER", "I-PER", "O", "B-LOC"]),
        ("I-PER I-PER O I-LOC", "io", ["B-PER", "I-PER", "O", "B-LOC"]),
        ("1 1 0 1", "binary", ["1", "1", "0", "1"]),
        ("0 0 0 0", "binary", ["0", "0", "0", "0"]),
        ("B I O B", "iob2", ["B-ENTITY", "I-ENTITY", "O", "B-ENTITY"]),
    ],
)
def test_schemes_that_cannot_part_touching_entities(write, tags, scheme, expected):
    path = write("".join(f"w\t{tag}\n" for tag in tags.split()))
    assert scan_conll(path).scheme == scheme
    assert [tags for _, tags in iterate_conll(path)] == [expected]


def test_columns_can_be_chosen(write):
    path = write(LONG)
    assert list(iterate_conll(path)) == [LEE]
    _, chunks = next(iterate_conll(path, tag_column=2))
    assert chunks == ["B-NP", "I-NP", "B-VP", "B-NP", "O"]
    ids = write("1\tAnn\tB-PER\n2\tLee\tI-PER\n")
    assert next(iterate_conll(ids, token_column=1))[0] == ["Ann", "Lee"]


@pytest.mark.parametrize("separator", ["\t", " "])
def test_hash_tags_are_tokens(write, separator):
    lines = [("#", "O"), ("#nlproc", "O"), ("in", "O"), ("#Rome", "B-LOC"), ("#", "I-LOC")]
    path = write("".join(f"{token}{separator}{tag}\n" for token, tag in lines))
    tokens, tags = next(iterate_conll(path))
    assert list(zip(tokens, tags, strict=True)) == lines


def test_a_file_of_hash_tags_only(write):
    assert list(iterate_conll(write("#\tO\n#rome\tB-LOC\n"))) == [(["#", "#rome"], ["O", "B-LOC"])]


def test_tokens_may_hold_what_unicode_calls_space(write):
    tokens = ["10\u00a0000", "a\u2028b", "\u200b", "\x85", "名前", "🙂"]
    path = write("".join(f"{token} O\n" for token in tokens) + "x B-PER\n")
    assert next(iterate_conll(path))[0] == [*tokens, "x"]
    path = write("New York\tB-LOC\nis\tO\n")
    assert next(iterate_conll(path))[0] == ["New York", "is"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no sentences in it: the file is empty"),
        (b"\n \n# only this\n-DOCSTART- O\n", "the file is empty"),
        (b"Ann B-PER\nLee\n", ":2: 1 column in 'Lee', but line 1 has 2 (separated by blanks)"),
        (b"Ann B-PER\nLee Jr I-PER\n", ":2: 3 columns in 'Lee Jr I-PER', but line 1 has 2"),
        (b"Ann\tB-PER\nLee I-PER\n", "separate the columns by tabs here too"),
        (b"Ann\nLee\n", ":1: only one column, 'Ann'"),
        (b"Ann\tB-PER\n\tI-PER\n", ":2: the token is empty"),
        (b"\n\nAnn O\nZo\xeb O\n", ":4: byte 0xeb is not UTF-8; convert the file"),
        ("Ann O\n".encode("utf-16"), ":1: the file is in UTF-16"),
        (b"Ann B-PER\nmet O\n\n\nin O\nRome I-LOC\n", ":6: 'I-LOC' after 'O' breaks scheme iob2"),
        (b"Ann I-PER\n\nmet O\nRome B-LOC\n", ":4: 'B-LOC' after 'O' breaks scheme io"),
        (b"Ann I-PER\n\nmet O\nRome B-LOC\n", "iob2 was ruled out by 'I-PER' at the start of the sentence at line 1"),
        (b"Ann B-PER\nLee E-PER\n\nBo B-PER\n\nx O\n", ":4: 'B-PER' at the end of the sentence breaks scheme bioes"),
        (b"Ann 1\nmet O\n", ":2: 'O' after '1' breaks scheme binary"),
        (b"Ann B-\n", ":1: 'B-' is not a tag"),
    ],
)
def test_bad_files_say_where_and_what(write, content, message):
    path = write(content)
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        iterate_conll(path)
    assert (f"{path}{message}" if message.startswith(":") else message) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_contradictions_can_be_read_on_demand(write):
    path = write("Ann B-PER\nmet O\n\nin O\nRome I-LOC\n")
    with pytest.raises(ValueError, match="scheme='conlleval'"):
        scan_conll(path)
    assert [tags for _, tags in iterate_conll(path, scheme="conlleval")] == [["B-PER", "O"], ["O", "B-LOC"]]
    with pytest.raises(ValueError, match=r":1: 'B-PER' at the start of the sentence breaks scheme iob1"):
        scan_conll(path, scheme="iob1")
    with pytest.raises(ValueError, match="unknown tag scheme 'bio'"):
        scan_conll(path, scheme="bio")


def test_wrong_columns(write):
    path = write(LONG)
    with pytest.raises(ValueError, match=r":1: tag_column=4, but there are 4 columns; use 0 to 3"):
        scan_conll(path, tag_column=4)
    with pytest.raises(ValueError, match="token_column and tag_column are both column 3"):
        scan_conll(path, token_column=3)
    words = write("".join(f"O\tword{number}\n\n" for number in range(1500)))
    with pytest.raises(ValueError, match="does not seem to hold tags"):
        scan_conll(words)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.conll: no such file"):
        iterate_conll(tmp_path / "none.conll")
    with pytest.raises(ValueError, match="is a folder"):
        read_conll(tmp_path)


def test_summary(write, caplog):
    with caplog.at_level(logging.WARNING, logger="zoo.datasets.conll"):
        summary = scan_conll(write(TWO))
        assert not caplog.records
        assert (summary.sentences, summary.tokens, summary.longest, summary.columns) == (2, 7, 5, 2)
        assert (summary.scheme, summary.types) == ("iob2", ("LOC", "PER"))
        assert scan_conll(write("Ann O\nmet O\n")).types == ()
    assert "no entities in 1 sentences" in caplog.text


def test_dataset_equals_the_iterator_epoch_after_epoch(write):
    # More sentences than one chunk, of different lengths, with an entity in each.
    sentences = [[f"ö{number}"] * (number % 5 + 1) for number in range(700)]
    path = write("\n".join("".join(f"{token}\tI-PER\n" for token in tokens) for tokens in sentences))
    dataset = read_conll(path)
    assert dataset.cardinality().numpy() == 700
    assert {name: spec.shape.as_list() for name, spec in dataset.element_spec.items()} == {
        "tokens": [None],
        "tags": [None],
    }
    for _ in range(2):
        records = list(dataset.as_numpy_iterator())
        assert [[token.decode() for token in record["tokens"]] for record in records] == sentences
        assert all(
            record["tags"].tolist() == [b"B-PER"] + [b"I-PER"] * (len(record["tokens"]) - 1) for record in records
        )


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is that of Linux")
def test_reading_a_file_keeps_little_in_memory(write):
    # 3 MB of text in a child process whose data may grow by 1 MB.
    path = write("Annabel\tB-PER\nwas\tO\nhere\tO\n\n" * 100_000)
    script = (
        "import resource, sys\n"
        "from zoo.datasets import iterate_conll\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = used()\n"
        "count = sum(1 for _ in iterate_conll(sys.argv[1]))\n"
        "print(count, used() - before, 'tensorflow' in sys.modules)\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, env=os.environ.copy()
    )
    count, grown, tensorflow = child.stdout.split()
    assert int(count) == 100_000
    assert int(grown) < 1_000
    assert tensorflow == "False"


def test_streaming_comments_do_not_depend_on_the_pass(write):
    # A line with "#" and a bare type is a token once the type is known, in the scan as in the reading.
    path = write("Ann PER\n#ann PER\n# NOTE\nmet O\n")
    assert scan_conll(path).tokens == 3
    assert next(iterate_conll(path))[0] == ["Ann", "#ann", "met"]
