"""Runs of a recipe, in this process and as a script."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import zoo
from zoo.running import agreement
from zoo.running.flags import Options
from zoo.running.run import Run
from zoo.training import workers

ROOT = Path(__file__).parents[2]
TINY = {
    "word_dim": 6, "characters": "none", "units": 6, "bidirectional": False, "head": "softmax", "epochs": 2,
    "batch_size": 4,
}  # fmt: skip
CONLL = "Ann B-PER\nLee I-PER\nmet O\nBo B-PER\n\nBo B-PER\nlikes O\nBergen B-LOC\n\nno O\nnames O\n\n"


def write_data(folder):
    for name in ("train", "valid", "test"):
        (folder / f"{name}.conll").write_text(CONLL * 8, encoding="utf-8")


@pytest.fixture
def files(tmp_path):
    """A folder with data."""
    write_data(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def _finished_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    write_data(folder)
    return folder, finish(Run(options(folder)))


@pytest.fixture
def finished(_finished_once):
    """A folder with data and the run of two epochs that was trained on them, and its figures."""
    folder, metrics = _finished_once
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    yield folder, metrics
    shutil.rmtree(folder)
    kept.rename(folder)  # a run knows its data by their paths


def options(folder, **changes):
    return replace(
        Options(
            recipe="lstm_ner",
            config=zoo.registry.config("lstm_ner", **TINY),
            data="sample",
            train=str(folder / "train.conll"),
            valid=str(folder / "valid.conll"),
            test=str(folder / "test.conll"),
            strategy="none",
            workdir=folder / "run",
            resume=False,
            export_dir=folder / "export",
            demo=False,
        ),
        **changes,
    )


def finish(run):
    train, valid, test = run.data(zoo.datasets.read_conll)
    model = run.fit(run.model(), train, valid)
    return run.report(model, train, model.evaluate(test, return_dict=True, verbose=0))


def test_a_run_leaves_what_it_promises(finished):
    files, metrics = finished
    written = json.loads((files / "run" / "metrics.json").read_text())
    assert written == json.loads(json.dumps(metrics))
    assert {"f1", "precision", "recall", "seconds", "training_examples_per_second", "parameters"} <= set(written)
    assert written["config"]["units"] == 6
    assert written["reported_on"] == "test"
    rows = (files / "run" / "history.csv").read_text().splitlines()
    assert len(rows) == 3
    assert "val_f1" in rows[0].split(",")
    assert (files / "run" / "training_curve.png").read_bytes()[:4] == b"\x89PNG"
    assert any((files / "run" / "tensorboard").rglob("events.out*"))


def test_resuming_needs_the_same_configuration(finished, tmp_path, caplog):
    files, first = finished
    begun = Run(options(files, resume=True, workdir=tmp_path / "none"))  # as who restarts what fails always asks
    assert begun.state.epoch == 0
    assert "holds nothing to go on from: the run begins" in caplog.text
    with pytest.raises(ValueError, match="holds a run of 2 epochs: add --resume"):
        Run(options(files))
    other = Run(options(files, resume=True, config=zoo.registry.config("lstm_ner", **{**TINY, "units": 7})))
    with pytest.raises(ValueError, match=r"units=7 \(was 6\)"):
        other.model()
    again = finish(Run(options(files, resume=True)))  # finished already: evaluates only
    assert {k: v for k, v in again.items() if k != "seconds"} == {k: v for k, v in first.items() if k != "seconds"}
    more = finish(Run(options(files, resume=True, config=zoo.registry.config("lstm_ner", **{**TINY, "epochs": 3}))))
    assert more["epochs"] == 3


def test_a_demo_replaces_a_demo_and_nothing_else(finished, tmp_path):
    files, _ = finished
    with pytest.raises(ValueError, match="holds a run of 2 epochs: add --resume"):
        Run(options(files, demo=True))  # of the same data, but flags were given for it
    # These files as if they were the demonstration's.
    demo = options(files, demo=True, workdir=tmp_path, config=zoo.registry.config("lstm_ner", **{**TINY, "epochs": 1}))
    assert finish(Run(demo))["epochs"] == 1
    checkpoints = sorted((tmp_path / "checkpoints").iterdir())
    Run(demo)
    assert sorted((tmp_path / "checkpoints").iterdir()) == checkpoints  # nothing goes before training begins
    assert finish(Run(demo))["epochs"] == 1


def test_a_folder_with_another_recipes_run_is_refused(finished):
    files, _ = finished
    for resume in (False, True):
        with pytest.raises(ValueError, match="holds a run of lstm_ner, this is lstm_imdb: choose another --workdir"):
            Run(options(files, recipe="lstm_imdb", config=zoo.registry.config("lstm_imdb"), resume=resume))


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"PK")])
def test_a_best_model_that_is_gone_is_told_before_more_is_trained(finished, damage):
    files, _ = finished
    damage(files / "run" / "checkpoints" / "best.keras")
    run = Run(options(files, resume=True))
    with pytest.raises(ValueError, match=r"best.keras: the best epoch's model is missing or damaged: remove .*/check"):
        run.fit(None, None, None)


@pytest.mark.parametrize("flag", ["workdir", "export_dir"])
def test_a_folder_that_cannot_be_made_is_told_before_training(files, flag):
    (files / "afile").touch()
    with pytest.raises(NotADirectoryError, match=rf"--{flag}=.*afile is a file; choose another folder"):
        Run(options(files, **{flag: files / "afile" / "deep"}))


@pytest.fixture
def beside_another(monkeypatch):
    """Returns a function that lets a run be one of two workers, of which the other answers as it is told to."""

    def arrange(chief, chiefs, anybody):
        monkeypatch.setattr(workers, "count", lambda strategy: 2)
        monkeypatch.setattr(workers, "is_chief", lambda strategy: chief)
        monkeypatch.setattr(workers, "by_chief", lambda strategy, work: chiefs(work))
        monkeypatch.setattr(workers, "any_says", lambda strategy, own: (own or anybody,))

    return arrange


@pytest.mark.parametrize("chief", [True, False])
def test_workers_that_do_not_share_the_folder_are_told_before_training(files, beside_another, monkeypatch, chief):
    run, seen = Run(options(files)), []
    monkeypatch.setattr(agreement, "_SEEN_WITHIN", 0.0)
    monkeypatch.setattr(agreement, "check_alike", lambda strategy, asked: None)

    def chiefs(work):
        answer = work() if chief else ".shared-elsewhere"
        seen.extend(path.name for path in run.workdir.glob("*"))
        return answer

    beside_another(chief, chiefs, anybody=chief)  # where this is the chief, the other one does not see it
    with pytest.raises(ValueError, match="not the same for all workers: it must be in a folder that they share"):
        finish(run)
    assert [name[:8] for name in seen] == [".shared-"] * chief
    assert not list(run.workdir.glob("*"))  # nothing is left of it


def test_workers_of_other_flags_or_files_are_told_before_training(files, beside_another, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write_data(elsewhere)
    monkeypatch.setattr(agreement, "check_shared", lambda strategy, folder: None)
    chiefs = {}

    def note(work):
        answer = work()
        chiefs.update(answer or {})
        return answer

    beside_another(True, note, anybody=False)
    Run(options(elsewhere)).begin()

    beside_another(False, lambda work: chiefs, anybody=False)
    Run(options(files)).begin()  # the same files at another place
    (files / "train.conll").write_text(CONLL * 7, encoding="utf-8")
    with pytest.raises(ValueError, match=r"flags and files: train is a file of \d+ bytes, the chief's a file of"):
        finish(Run(options(files)))
    with pytest.raises(ValueError, match="batch_size is 8, the chief's 4; train is"):
        finish(Run(options(files, config=zoo.registry.config("lstm_ner", **{**TINY, "batch_size": 8}))))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder in which nothing can be made")
def test_a_folder_in_which_nothing_can_be_made_is_told_before_training(files):
    with pytest.raises(PermissionError, match=r"--workdir=/proc/run: /proc cannot be written .*; choose another"):
        Run(options(files, workdir=Path("/proc/run")))
    assert sorted(path.suffix for path in files.iterdir()) == [".conll"] * 3


def test_a_run_that_stopped_early_goes_on_with_more_patience(files):
    impatient = zoo.registry.config("lstm_ner", **{**TINY, "epochs": 4, "patience": 1, "learning_rate": 0.0})
    assert finish(Run(options(files, config=impatient)))["epochs"] == 2
    patient = zoo.registry.config("lstm_ner", **{**TINY, "epochs": 4, "patience": 9, "learning_rate": 0.0})
    assert finish(Run(options(files, config=patient, resume=True)))["epochs"] == 4


def test_resuming_with_other_data_is_refused(finished):
    files, _ = finished
    with pytest.raises(ValueError, match=r"--resume: the run in .* is of train .*train.conll"):
        Run(options(files, resume=True, valid=str(files / "test.conll")))


def test_without_validation_and_test_files_a_tenth_is_held_out(files):
    run = Run(options(files, valid=None, test=None))
    train, valid, test = run.data(zoo.datasets.read_conll)
    assert len(list(train)) == 21
    assert len(list(valid)) == 3
    assert test is valid


def test_a_data_set_without_validation_split_gives_a_tenth_of_its_training_data(files, monkeypatch):
    monkeypatch.setattr(zoo.datasets, "splits", lambda name: ("train", "test"))
    train, valid, test = Run(options(files, train=None, valid=None, test=None)).data(zoo.datasets.read_conll)
    whole, tested = (len(list(zoo.datasets.load("ner_sample", split=split))) for split in ("train", "test"))
    assert (len(list(train)), len(list(valid)), len(list(test))) == (whole * 9 // 10, whole // 10, tested)


def script(folder, *flags, name="ner.py"):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(ROOT / "recipes" / name), *flags]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_script_does_the_whole_job(files):
    settings = [f"--set={name}={str(value).lower()}" for name, value in TINY.items() if name != "batch_size"]
    done = script(
        files, "--train=train.conll", "--valid=valid.conll", "--test=test.conll", "--workdir=w",
        "--batch_size=4", "--seed=3", *settings,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "test: F1 " in done.stdout
    assert json.loads((files / "w" / "metrics.json").read_text())["config"]["seed"] == 3
    assert "<html" in (files / "w" / "predictions.html").read_text()
    assert (files / "w" / "export" / "1" / "saved_model.pb").is_file()
    assert "\x1b[" not in done.stdout  # no colours into a pipe


def test_the_script_of_another_task_does_too(tmp_path):
    rows = "".join(f"it was {'good' if n // 2 % 2 else 'bad'} {n},{n // 2 % 2}\n" for n in range(40))
    (tmp_path / "train.csv").write_text("phrase,mood\n" + rows, encoding="utf-8")
    settings = {"encoder": "ngrams", "word_dim": 6, "ngram_buckets": 20, "epochs": 2, "min_count": 1}
    done = script(
        tmp_path, "--train=train.csv", "--workdir=w", "--text_column=phrase", "--label_column=mood",
        *(f"--set={name}={value}" for name, value in settings.items()), name="sentiment.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "validation: accuracy " in done.stdout
    assert done.stderr.startswith("note: no --valid: a tenth of the training data is held out for validation\nnote:")
    assert "InitializeLog" not in done.stderr
    assert "bad" in done.stdout
    assert "<html" in (tmp_path / "w" / "predictions.html").read_text()
    assert json.loads((tmp_path / "w" / "metrics.json").read_text())["parameters"] > 0
    assert (tmp_path / "w" / "export" / "1" / "saved_model.pb").is_file()
    wrong = script(tmp_path, "--train=train.csv", "--workdir=v", "--label_column=moods", name="sentiment.py")
    assert wrong.returncode == 1
    assert "train.csv:1: label_column='moods', but" in wrong.stderr
    assert not (tmp_path / "v").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--train=nowhere.conll"], "--train=nowhere.conll: no such file"),
        (["--set=unit=3"], "did you mean 'units'?"),
        (["--set=units=x"], "allowed: int, between 1 and"),
        (["--recipe=lstm_imdb"], "--recipe=lstm_imdb is run by recipes/sentiment.py"),
        (["--learning_rate=nan"], "nan is not a non-negative number"),
        (["--recipe=lstm_nre"], "did you mean 'lstm_ner'?"),
        (["--strategy=mirrord"], "value should be one of <none|mirrored|multi_worker|tpu>"),
        (["stray"], "not a flag: 'stray'"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_wrong_flag_is_one_clear_line(tmp_path, flags, message):
    done = script(tmp_path, *flags)
    assert done.returncode != 0
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
