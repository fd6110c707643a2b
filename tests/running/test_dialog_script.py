"""`recipes/dialog.py`, from files to its export, and the talk with what it has learnt; in this process, to be quick."""

import importlib.util
import io
import json
from pathlib import Path

import pytest
from absl.testing import flagsaver

from zoo.running import flags

SCRIPT = Path(__file__).parents[2] / "recipes" / "dialog.py"
DIALOGUES = "A cat ? __eou__ No , a dog . __eou__ Oh . __eou__\nHello ! __eou__ Hi ! __eou__\n"
FILES = {
    "train.txt": DIALOGUES * 4, "train_act.txt": "ask tell tell\ngreet greet\n" * 4,
    "valid.txt": DIALOGUES, "valid_act.txt": "ask tell tell\ngreet greet\n",
    "pairs.tsv": "Who ?\tA dog .\nHello !\tHi !\n",
}  # fmt: skip
TINY = {"context": "flat", "word_dim": 4, "units": 4, "max_reply": 3, "beam_width": 2, "n_best": 2}
SETTINGS = [
    "--train=train.txt", "--valid=valid.txt", "--acts", "--pretrain=pairs.tsv", "--pretrain_epochs=1", "--epochs=1",
    "--workdir=w", *(f"--set={name}={value}" for name, value in TINY.items()),
]  # fmt: skip


@pytest.fixture(scope="module")
def script():
    """Runs the script's `main` with some flags."""
    if "recipe" not in flags._FLAGS:
        flags.define("hred_dialog")
    others = set(flags._FLAGS)
    spec = importlib.util.spec_from_file_location("dialog_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        with flagsaver.flagsaver():
            flags._FLAGS(["dialog.py", "--recipe=hred_dialog", *arguments])
            module.main(flags.options())

    yield run
    for name in set(flags._FLAGS) - others:  # other scripts, tested in this process too, have flags of these names
        delattr(flags._FLAGS, name)


def test_the_script_does_the_whole_job_and_talks(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    script(*SETTINGS)
    printed = capsys.readouterr().out
    assert "trained on 2 other records before: loss " in printed
    assert "validation: perplexity " in printed
    assert "    A: A cat ?\n    B: No , a dog .\nmodel: " in printed
    assert "<html" in (tmp_path / "w" / "predictions.html").read_text()
    metrics = json.loads((tmp_path / "w" / "metrics.json").read_text())
    assert {"last_perplexity", "word_error_rate", "distinct_1", "distinct_2"} <= set(metrics)
    assert "context_accuracy" not in metrics  # that is of the embedded sample
    assert (tmp_path / "w" / "export" / "1" / "saved_model.pb").is_file()

    # A run that has begun goes on after the same pretraining alone.
    with pytest.raises(ValueError, match=r"--resume: the run in w is of .*pretrain=pairs.tsv"):
        script(*(flag for flag in SETTINGS if "pretrain" not in flag), "--resume")

    monkeypatch.setattr("sys.stdin", io.StringIO("Hello !\n/reset\n"))
    script("--workdir=w", "--chat", "--temperature=0.5")
    assert "model: " in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"--chat talks with w/.* as it is: leave --data, --pretrain out, or choose"):
        script("--workdir=w", "--chat", "--data=sample", "--pretrain=pairs.tsv")
    with pytest.raises(ValueError, match=r"--chat talks with w/.* as it is, but units=5 .it has 4.: leave that out"):
        script("--workdir=w", "--chat", "--set=units=5")


def test_files_of_labels_without_dialogues_are_not_left_aside_for_the_sample(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="--acts and --emotions are read beside --train"):
        script("--acts")


def test_a_data_set_of_something_else_is_refused_with_what_can_be_read(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ValueError, match=r"these have \['tags', 'tokens'\]: take .*dialogue_sample.*or files of your own"
    ):
        script("--data=ner_sample", "--workdir=other")
    with pytest.raises(ValueError, match="no data set 'dailydialog', neither embedded nor in TensorFlow Datasets; did"):
        script("--data=dailydialog", "--workdir=other")
