"""Scripts that are killed, or asked to end, go on with --resume as if nothing had been; in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONLL = "Ann B-PER\nLee I-PER\nmet O\nBo B-PER\n\nBo B-PER\nlikes O\nBergen B-LOC\n\nno O\nnames O\n\n"
TINY = {"word_dim": 6, "characters": "none", "units": 6, "bidirectional": "false", "head": "softmax"}
EPOCHS = 4


def start(folder, workdir, *flags, cluster=None, index=0):
    """Starts `recipes/ner.py`; what it prints goes to `<workdir>-<index>.log`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if cluster:
        task = {"cluster": {"worker": cluster}, "task": {"type": "worker", "index": index}}
        environment["TF_CONFIG"] = json.dumps(task)
        flags = ("--strategy=multi_worker", *flags)
    command = [
        sys.executable, str(ROOT / "recipes" / "ner.py"), "--train=train.conll", "--valid=valid.conll",
        f"--workdir={workdir}", "--batch_size=4", "--resume", f"--epochs={EPOCHS}",
        *(f"--set={name}={value}" for name, value in TINY.items()), *flags,
    ]  # fmt: skip
    with (folder / f"{workdir}-{index}.log").open("a") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


def said(folder, workdir, index=0):
    return (folder / f"{workdir}-{index}.log").read_text()[-3000:]


def when_saved(folder, workdir, epoch, process):
    """Returns once a run has saved something within or after that epoch."""
    while process.poll() is None:
        saved = sorted((folder / workdir / "checkpoints").glob("epoch-[0-9]*"))
        if saved and saved[-1].name >= f"epoch-{epoch:04d}":
            return
        time.sleep(0.01)
    raise AssertionError(said(folder, workdir))


def ended(folder, workdir):
    """Returns what a run has left: figures (but for times), history and weights."""
    metrics = json.loads((folder / workdir / "metrics.json").read_text())
    history = [row.split(",")[:-1] for row in (folder / workdir / "history.csv").read_text().splitlines()]
    with zipfile.ZipFile(folder / workdir / "checkpoints" / "best.keras") as archive:
        weights = archive.getinfo("model.weights.h5").CRC
    times = ("seconds", "training_examples_per_second")
    return {name: metrics[name] for name in metrics if name not in times}, history, weights


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.conll").write_text(CONLL * 40, encoding="utf-8")
    (tmp_path / "valid.conll").write_text(CONLL * 2, encoding="utf-8")
    return tmp_path


def test_a_run_that_is_killed_and_stopped_ends_as_one_in_peace(folder):
    peace = start(folder, "peace")
    disturbed = start(folder, "disturbed", "--save_every=0")  # it is always writing
    when_saved(folder, "disturbed", 1, disturbed)
    disturbed.send_signal(signal.SIGKILL)
    assert disturbed.wait() == -signal.SIGKILL

    disturbed = start(folder, "disturbed", "--save_every=0")
    when_saved(folder, "disturbed", 2, disturbed)
    disturbed.send_signal(signal.SIGTERM)
    assert disturbed.wait() == 128 + signal.SIGTERM, said(folder, "disturbed")
    assert "stopped and saved after 2 epochs" in said(folder, "disturbed")

    assert start(folder, "disturbed").wait() == 0, said(folder, "disturbed")
    assert peace.wait(600) == 0, said(folder, "peace")
    assert ended(folder, "disturbed") == ended(folder, "peace")
    kept = sorted(path.name for path in (folder / "disturbed" / "checkpoints").iterdir())
    assert kept == ["best.keras", f"epoch-{EPOCHS - 1:04d}", f"epoch-{EPOCHS:04d}"]


def test_workers_end_where_one_is_lost_and_go_on_together(folder, addresses):
    def both():
        cluster = addresses(2)
        flags = ("--save_every=0.1", "--set=dropout=0", "--set=word_dropout=0")
        return [start(folder, "run", *flags, cluster=cluster, index=index) for index in range(2)]

    alone = start(folder, "alone", "--set=dropout=0", "--set=word_dropout=0")
    for epoch, lost in ((1, 1), (2, 0)):  # a worker, and then the chief
        processes = both()
        when_saved(folder, "run", epoch, processes[0])
        processes[lost].send_signal(signal.SIGKILL)
        code = processes[1 - lost].wait(120)  # TensorFlow may end the process itself, without a word
        assert code in (138, -signal.SIGABRT), said(folder, "run", 1 - lost)
        assert code != 138 or "start all workers again with --resume" in said(folder, "run", 1 - lost)

    chief, other = both()
    assert (chief.wait(600), other.wait(600)) == (0, 0), said(folder, "run") + said(folder, "run", 1)
    assert alone.wait(600) == 0, said(folder, "alone")
    (metrics, history, _), (wanted, steps, _) = ended(folder, "run"), ended(folder, "alone")
    assert metrics["replicas"] == 2
    assert metrics["f1"] == pytest.approx(wanted["f1"], rel=1e-4)
    assert history[0] == steps[0]
    for row, other_row in zip(history[1:], steps[1:], strict=True):
        assert [float(value) for value in row] == pytest.approx([float(value) for value in other_row], rel=1e-3)
