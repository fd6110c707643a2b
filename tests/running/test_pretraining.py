"""Training on other records before a run's own: as lasting as the run."""

from contextlib import contextmanager

import numpy as np
import pytest

import zoo
from zoo.running.flags import Options
from zoo.running.pretraining import pretrain
from zoo.running.run import Run
from zoo.training import signals

TINY = {
    "word_dim": 6, "characters": "none", "units": 6, "bidirectional": False, "head": "softmax", "epochs": 1,
    "batch_size": 4,
}  # fmt: skip
OWN = "Ann B-PER\nLee I-PER\nmet O\nBo B-PER\n\nBo B-PER\nlikes O\nBergen B-LOC\n\nno O\nnames O\n\n"
OTHER = "Bo B-PER\nmet O\nLee B-PER\n\nAnn B-PER\nwrites O\n\n"
EPOCHS = 3  # of 4 batches each


@pytest.fixture
def run(tmp_path):
    """Starts a run of files in `tmp_path`."""
    for name, content in (("train", OWN * 6), ("valid", OWN * 2), ("other", OTHER * 8)):
        (tmp_path / f"{name}.conll").write_text(content, encoding="utf-8")

    def start(folder="run", resume=False):
        options = Options(
            recipe="lstm_ner", config=zoo.registry.config("lstm_ner", **TINY), data="sample",
            train=str(tmp_path / "train.conll"), valid=str(tmp_path / "valid.conll"), test=None,
            strategy="none", workdir=tmp_path / folder, resume=resume, export_dir=tmp_path / "export", demo=False,
        )  # fmt: skip
        return Run(options, {"pretrain": "other.conll"})

    return start


def learn(run, other):
    """Returns the run's model after it has learnt other records, and then its own."""
    train, valid, _ = run.data(zoo.datasets.read_conll)
    model = run.model()
    pretrain(run, model, train, zoo.datasets.read_conll(other), EPOCHS)
    return run.fit(model, train, valid)


def said(capsys):
    """Returns what was printed but for Keras' progress."""
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("trained on")]


def ask_after(looks, monkeypatch):
    """Lets the process be asked to end before it looks for the nth time: after a step, or after an epoch."""

    class Asked(signals.Asked):
        looked = 0

        def __bool__(self):
            self.looked += 1
            self.signal = 15 * (self.looked >= looks)
            return self.signal != 0

    @contextmanager
    def noted():
        yield Asked()

    monkeypatch.setattr(signals, "noted", noted)


def test_a_run_that_is_interrupted_before_its_own_records_ends_as_one_in_peace(run, tmp_path, monkeypatch, capsys):
    other = tmp_path / "other.conll"
    wanted = learn(run("peace"), other)
    told = said(capsys)
    assert len(told) == 1
    assert told[0].startswith("trained on 16 other records before: loss ")

    for looks, resume, where in ((7, False, "1 epoch and 2 steps of pretraining"), (1, True, "1 epoch and 3 steps")):
        with monkeypatch.context() as asked:
            ask_after(looks, asked)
            with pytest.raises(signals.Stopped, match=f"after {where}"):
                learn(run(resume=resume), other)
    with pytest.raises(ValueError, match="holds a run of 1 epoch and 3 steps of pretraining: add --resume"):
        run()

    # It learns the rest of the others, and stops where nothing of its own has been saved yet.
    with monkeypatch.context() as asked:
        asked.setattr(Run, "fit", lambda *_: None)
        learn(run(resume=True), other)
    assert run(resume=True).resumed_pretraining.state.epoch == EPOCHS
    said(capsys)
    found = learn(run(resume=True), other)
    assert said(capsys) == told
    for ours, theirs in zip(found.get_weights(), wanted.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not (tmp_path / "run" / "checkpoints" / "pretraining").exists()
    assert learn(run(resume=True), other).get_weights()  # it is evaluated only
    assert said(capsys) == []
