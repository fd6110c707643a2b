"""The programs that print the README's figures run, small."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def program(folder, name, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "benchmarks" / name), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_tagger_prints_both_speeds_and_their_ratios(tmp_path):
    tiny = [f"--set={name}=4" for name in ("units", "word_dim", "char_dim", "char_units")]
    printed = program(tmp_path, "tagger.py", "--sentences=256", "--rounds=1", "--json=out.json", *tiny)
    assert "zoo trains at" in printed
    figures = json.loads((tmp_path / "out.json").read_text())
    assert len(figures["sentences_per_second"]) == 4
    assert all(speed > 0 for speed in figures["sentences_per_second"].values())


def test_seeds_sums_up_runs_and_repeats_none(tmp_path):
    for seed, f1 in enumerate((0.5, 0.6, 0.7)):
        folder = tmp_path / "runs" / f"seed-{seed}"
        folder.mkdir(parents=True)
        figures = {"f1": f1, "reported_on": "test", "best_epoch": 1, "epochs": 2, "seconds": 60.0}
        more = {"training_examples_per_second": 10.0, "parameters": 5}
        (folder / "metrics.json").write_text(json.dumps({**figures, **more}))
        (folder / "flags.json").write_text(json.dumps(["--train=a"]))
    printed = program(tmp_path, "seeds.py", "recipes/none.py", "--workdir=runs", "--train=a")
    assert "f1 over 3 seeds: mean 0.6000, standard deviation 0.1000, 0.5000 to 0.7000" in printed
    with pytest.raises(AssertionError, match="was run with"):
        program(tmp_path, "seeds.py", "recipes/none.py", "--workdir=runs", "--train=b")
