"""What the programs print about several processes, and that an end which differs is seen."""

import importlib
import sys
import time
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def program(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module
    for name in ("scaling", "kills", "local_cluster"):
        sys.modules.pop(name, None)


def test_scaling_prints_ratios_beside_the_first_and_by_core(program, monkeypatch, capsys):
    scaling = program("scaling")

    def measure(job):
        speed = 150.0 if job.processes == 2 else 100.0
        return {"sentences_per_second": speed, "steps_per_second": speed / job.global_batch, "input_share": 0.05}

    monkeypatch.setattr(scaling, "measure", measure)
    found = scaling.table(scaling._REPLICAS[:2], rounds=2)
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("2 processes"))
    assert row.split()[-6:] == ["0.59", "150", "2,100", "1.50", "75%", "5%"]
    assert [len(rounds) for rounds in found.values()] == [2, 2]


def test_an_end_that_differs_is_named(program):
    kills = program("kills")
    end = {
        "metrics": {"f1": 0.5, "config": {"word_vectors": None}},
        "history": [{"loss": "0.25"}],
        "layers/w": np.array([1.0, 2.0]),
    }
    other = {**end, "layers/w": np.array([1.0, 2.0 + 1e-6])}
    assert kills.differences(end, dict(end), exactly=True) == []
    assert kills.differences(end, other, exactly=True) == ["layers/w"]
    assert kills.differences(end, other, exactly=False) == []
    assert kills.differences(end, {**end, "metrics": {**end["metrics"], "f1": 0.6}}, exactly=False) == ["metrics"]
    assert kills.differences(end, {"metrics": end["metrics"]}, exactly=False) == ["history", "layers/w"]


# Worker 1 sleeps when it is first started. Worker 0 then waits for it, or ends, as a worker does that had met it.
_PAIR = """
import json, os, pathlib, sys, time
folder, meets = pathlib.Path(sys.argv[1]), sys.argv[2] == "meets"
index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
first = not (folder / str(index)).exists()
(folder / str(index)).touch()
if first and index == 1:
    time.sleep(600)
if index == 1:
    (folder / "again").touch()
while not (folder / ("1" if first and meets else "again")).exists():
    time.sleep(0.02)
sys.exit(1 if first and meets and index == 0 else 0)
"""


@pytest.mark.parametrize("met", ["meets", "waits"])
def test_a_worker_that_is_killed_is_started_again_with_the_others_or_by_itself(program, monkeypatch, tmp_path, met):
    kills = program("kills")

    class Chance:
        def randrange(self, workers):
            return 1

        def uniform(self, least, most):
            while not (tmp_path / "1").exists():
                time.sleep(0.02)
            return 0.01

    monkeypatch.setattr(kills, "command", lambda *_: [sys.executable, "-c", _PAIR, str(tmp_path), met])
    monkeypatch.setattr(kills, "_LOST", 30 if met == "meets" else 0.2)
    assert kills.killed("ner.py", tmp_path, 2, 1.0, 1, Chance()) == 1
    assert (tmp_path / "again").exists()


def test_every_script_can_be_killed(program):
    assert sorted(program("kills")._RUNS) == sorted(path.name for path in BENCHMARKS.parent.glob("recipes/*.py"))
