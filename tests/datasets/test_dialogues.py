"""Files of dialogues, as they are found and as they are broken."""

import gzip
import json

import pytest

from zoo import datasets
from zoo.datasets.dialogues import Reader

DIALOGUES = [["Hello .", "Hi , naïve one 🙂 !"], ["And now ?", "Nothing .", "Well ."]]
ACTS = [["4", "4"], ["2", "1", "1"]]


def write(path, text, compress=False):
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(data) if compress else data)
    return path


def records(dataset):
    return [
        {name: [text.decode() for text in texts] for name, texts in record.items()}
        for record in dataset.as_numpy_iterator()
    ]


def turns(path, **options):
    return [record["turns"] for record in records(datasets.read_dialogues(path, **options))]


def marked(dialogues):
    return "".join(" __eou__ ".join(dialogue) + " __eou__\n" for dialogue in dialogues)


FORMS = {
    "a.txt": marked(DIALOGUES),
    "b.txt": "\ufeff" + marked(DIALOGUES).replace(" __eou__\n", "\r\n"),  # nothing after the last turn
    "a.jsonl": "".join(json.dumps({"turns": dialogue}) + "\n" for dialogue in DIALOGUES),
    "b.json": "".join(
        json.dumps({"turns": [{"text": turn, "speaker": "AB"[i % 2]} for i, turn in enumerate(dialogue)]}) + "\n"
        for dialogue in DIALOGUES
    ),
}


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_records(tmp_path, name, compress):
    path = write(tmp_path / (name + ".gz" * compress), FORMS[name], compress)
    dataset = datasets.read_dialogues(path)
    assert dataset.cardinality().numpy() == 2
    assert dataset.element_spec["turns"].shape.as_list() == [None]
    assert records(dataset) == [{"turns": dialogue} for dialogue in DIALOGUES]


def test_a_question_and_its_answer_are_a_dialogue(tmp_path):
    assert turns(write(tmp_path / "a.tsv", "Who?\tMe.\nWhen ?\t Now . \n")) == [["Who?", "Me."], ["When ?", "Now ."]]
    assert turns(write(tmp_path / "c.tsv", "Question\tAnswer\nWho?\tMe.\n")) == [["Who?", "Me."]]
    with pytest.raises(ValueError, match=r"b.tsv:2: 3 columns instead of two; write question TAB answer"):
        turns(write(tmp_path / "b.tsv", "Who?\tMe.\na\tb\tc\n"))


def test_labels_in_files_beside(tmp_path):
    path = write(tmp_path / "dialogues_train.txt", marked(DIALOGUES))
    labels = "".join(" ".join(row) + " \n" for row in ACTS)
    write(tmp_path / "dialogues_act_train.txt", labels)
    named = write(tmp_path / "moods.txt", labels.replace("4", "calm"))
    assert records(datasets.read_dialogues(path, acts=True, emotions=named)) == [
        {"turns": DIALOGUES[0], "acts": ["4", "4"], "emotions": ["calm", "calm"]},
        {"turns": DIALOGUES[1], "acts": ["2", "1", "1"], "emotions": ["2", "1", "1"]},
    ]
    assert "acts" not in datasets.read_dialogues(path).element_spec
    with pytest.raises(
        FileNotFoundError, match=r"no dialogues_emotion_train.txt or dialogues_train_emotion.txt beside"
    ):
        datasets.read_dialogues(path, emotions=True)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("1 1\n1 1\n", r"a.txt:2: 3 turns, but 2 acts in .*acts.txt:2; give one a turn"),
        ("1 1\n", r"a.txt:2: .*acts.txt has no line 2; give the acts of every dialogue a line"),
        ("1 1\n1 1 1\n1 1\n", r"acts.txt:3: .*a.txt has no line 3; give each dialogue one line of acts"),
    ],
)
def test_labels_that_do_not_fit(tmp_path, labels, message):
    path, acts = write(tmp_path / "a.txt", marked(DIALOGUES)), write(tmp_path / "acts.txt", labels)
    with pytest.raises(ValueError, match=message) as caught:
        datasets.read_dialogues(path, acts=acts)
    assert "\n" not in str(caught.value)


def test_labels_in_json(tmp_path):
    lines = [
        {"turns": [{"text": "a?", "act": "ask", "emotion": "calm"}, {"text": "b", "act": "tell", "emotion": "joy"}]},
        {"turns": ["c", "d"], "acts": ["ask", 7], "emotions": ["joy", "joy"]},
    ]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    assert records(datasets.read_dialogues(path)) == [
        {"turns": ["a?", "b"], "acts": ["ask", "tell"], "emotions": ["calm", "joy"]},
        {"turns": ["c", "d"], "acts": ["ask", "7"], "emotions": ["joy", "joy"]},
    ]
    with pytest.raises(ValueError, match=r"a.jsonl:1: the acts stand here too; give no file of acts"):
        datasets.read_dialogues(path, acts=write(tmp_path / "acts.txt", "1 1\n1 1\n"))


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("a.txt", "", "the dialogue is empty; remove the line"),
        ("a.txt", " __eou__ ", "turn 1 of 1 is empty"),
        ("a.txt", "only me __eou__", r"a single turn, 'only me': there is nothing to answer; end every turn with"),
        ("a.txt", '{"turns": ["a", "b"]}', r"a single turn.*JSON lines are read from .jsonl files"),
        ("a.txt", "a __eou__  __eou__ b __eou__", "turn 2 of 3 is empty; fill it in or remove the dialogue"),
        ("a.jsonl", "", "the dialogue is empty"),
        ("a.jsonl", '{"turns": []}', "the dialogue is empty"),
        ("a.jsonl", '{"turns": ["a"]}', "a single turn, 'a'"),
        ("a.jsonl", '{"turns": ["a", " "]}', "turn 2 of 2 is empty"),
        ("a.jsonl", '{"turns": ["a", "b"', r"not JSON \(Expecting ',' delimiter.*; write {"),
        ("a.jsonl", "[" * 100_000, "not JSON"),
        ("a.jsonl", "[", "perhaps a part of a list, or of a dialogue that is spread over several lines; write"),
        ("a.jsonl", r'{"turns": ["a", "\ud83d"]}', r"turn 2 holds half of a character, '\\ud83d'; write the"),
        ("a.jsonl", '[{"turns": ["a", "b"]},', "not JSON .*, perhaps a part of a list"),
        ("a.jsonl", '["a", "b"]', r"no list of turns in '\[\"a\", \"b\"\]'; write"),
        ("a.jsonl", '{"turns": ["a", 7]}', "turn 2 is 7, not a text"),
        ("a.jsonl", '{"turns": [{"text": "a"}, {"say": "b"}]}', "turn 2 is None, not a text"),
        ("a.jsonl", '{"turns": [{"text": "a", "act": "x"}, {"text": "b"}]}', "2 turns, but 1 acts; give one a turn"),
        ("a.jsonl", '{"turns": ["a", "b"], "acts": "xy"}', "acts are 'xy'; list acts as strings"),
        ("a.jsonl", '{"turns": ["a", "b"], "acts": ["x", " "]}', "one of the acts is empty"),
        ("a.jsonl", '{"turns": ["a", "b"], "acts": ["x", "y"]}', "the turns have acts, those of the first dialogue no"),
        ("a.tsv", "question\t", "turn 2 of 2 is empty"),
    ],
)
def test_what_cannot_be_used_is_said_or_skipped(tmp_path, caplog, name, line, message):
    good = {"a.txt": "c __eou__ d __eou__", "a.jsonl": '{"turns": ["c", "d"]}', "a.tsv": "c\td"}[name]
    path = write(tmp_path / name, f"{good}\n{line}\n{good}\n")
    with pytest.raises(ValueError, match=rf"{name}:2: .*{message}") as caught:
        datasets.read_dialogues(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("or leave such out with on_error=skip")
    reader = Reader(on_error="skip")
    dataset = reader(path)
    assert dataset.cardinality().numpy() == len(list(dataset)) == 2
    assert reader.skipped.total() == 1
    assert f"1 {next(iter(reader.skipped))} left out ({path}:2: " in caplog.text


def test_files_that_are_no_dialogues(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.txt: no such file"):
        datasets.read_dialogues(tmp_path / "none.txt")
    with pytest.raises(ValueError, match="a folder; name a file in it"):
        datasets.read_dialogues(tmp_path)
    with pytest.raises(ValueError, match=r"a.txt: there is no dialogue in it"):
        datasets.read_dialogues(write(tmp_path / "a.txt", ""))
    with pytest.raises(ValueError, match=r"b.txt: there is no dialogue in it"):
        datasets.read_dialogues(write(tmp_path / "b.txt", "one\n"), on_error="skip")
    with pytest.raises(ValueError, match=r"c.txt:2: byte 0xe9 is not UTF-8; convert the file"):
        datasets.read_dialogues(write(tmp_path / "c.txt", marked(DIALOGUES[:1]).encode() + b"caf\xe9\n"))
    with pytest.raises(ValueError, match=r"d.txt:1: the file is in UTF-16"):
        datasets.read_dialogues(write(tmp_path / "d.txt", "a\n".encode("utf-16")))
    with pytest.raises(ValueError, match=r"e.txt.gz: the gzip file is cut off or damaged"):
        datasets.read_dialogues(write(tmp_path / "e.txt.gz", gzip.compress(marked(DIALOGUES * 999).encode())[:-20]))
    with pytest.raises(ValueError, match=r"on_error='stop'; allowed: 'raise', 'skip'"):
        Reader(on_error="stop")


def test_the_file_is_streamed_anew_every_epoch(tmp_path):
    many = [[f"turn {i} of {n}" for i in range(2 + n % 5)] for n in range(700)]  # three chunks
    dataset = datasets.read_dialogues(write(tmp_path / "a.txt", marked(many)))
    assert [record["turns"] for record in records(dataset)] == many
    assert sum(1 for _ in dataset.repeat(2)) == 1400


def test_dialogues_in_memory():
    dataset = datasets.from_dialogues(DIALOGUES, acts=[[1, 2], ["x", "y", "z"]])
    assert dataset.cardinality().numpy() == 2
    assert records(dataset)[1] == {"turns": DIALOGUES[1], "acts": ["x", "y", "z"]}
    for arguments, message in (
        (([],), "no dialogues; give at least one"),
        ((["ab"],), r"dialogue 0 \(from 0\) is 'ab'; give a list of two or more turns"),
        (([["a", "b"], ["a"]],), r"dialogue 1 \(from 0\) is \['a'\]; give a list of two or more turns"),
        (([["a", " "]],), "give turns that are texts and not empty"),
        (([["a", "b"]], [["x"]]), "has 2 turns, but 1 acts; give one each"),
        (([["a", "b"]], None, []), "1 dialogues, but 0 lists of emotions"),
    ):
        with pytest.raises(ValueError, match=message):
            datasets.from_dialogues(*arguments)
