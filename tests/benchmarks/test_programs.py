"""The programs that print the README's figures run, small."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

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


def test_classifier_prints_both_speeds_and_those_of_the_export(tmp_path):
    tiny = [f"--set={name}=4" for name in ("units", "word_dim", "ngram_dim", "region_filters")]
    printed = program(tmp_path, "classifier.py", "--reviews=64", "--rounds=1", "--json=out.json", *tiny)
    assert "zoo trains at" in printed
    assert "zoo answers at" in printed
    figures = json.loads((tmp_path / "out.json").read_text())
    assert len(figures["reviews_per_second"]) == 5
    assert all(speed > 0 for speed in figures["reviews_per_second"].values())
    assert figures["parameters"]["zoo"] == figures["parameters"]["keras"]


def test_generation_prints_speeds_ratios_and_bounds(tmp_path):
    tiny = ["--units=4", "--streams=3", "--characters=5", "--keras_characters=1", "--rounds=1"]
    printed = program(tmp_path, "generation.py", *tiny, "--json=out.json")
    assert "| zoo, exported " in printed
    assert printed.count("of which the export reaches") == 3
    assert "target" not in printed  # these are for 512 units
    figures = json.loads((tmp_path / "out.json").read_text())
    measured = figures["streams"]["3"]
    assert len(measured["per_second"]) == 6
    assert all(speed > 0 for speeds in measured["per_second"].values() for speed in speeds)
    assert all(bound > 0 for bound in measured["bounds"].values())


def test_serving_prints_both_latencies_and_their_ratio(tmp_path, monkeypatch, capsys):
    path = ROOT / "benchmarks" / "serving.py"
    spec = importlib.util.spec_from_file_location("benchmarks_serving", path)  # here TensorFlow runs already
    serving = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec.loader.exec_module(serving)
    from c_client import find_compiler  # its folder is on the path since then

    if find_compiler() is None and "CI" not in os.environ:
        pytest.skip("no C compiler on PATH")

    module = tf.Module()
    module.serve = tf.function(lambda text: {"bytes": tf.strings.length(text)}, [tf.TensorSpec([None], tf.string)])
    tf.saved_model.save(module, tmp_path, signatures=module.serve)
    monkeypatch.setattr(sys, "argv", [str(path), str(tmp_path), "--repeat=3", "--batch_size=2"])
    serving.main()
    printed = capsys.readouterr().out
    assert "one call, 2 sentence(s) of 14 tokens -> bytes\n" in printed
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--json"])
    serving.main()
    figures = json.loads(capsys.readouterr().out)
    assert figures["python_to_c"] == pytest.approx(figures["python"]["median_ms"] / figures["c"]["median_ms"])


def test_seeds_sums_up_runs_and_repeats_none(tmp_path):
    for seed, f1 in enumerate((0.5, 0.6, 0.7)):
        folder = tmp_path / "runs" / f"seed-{seed}"
        folder.mkdir(parents=True)
        metrics = {
            "recipe": "lstm_ner", "f1": f1, "loss": 1.0, "reported_on": "test", "best_epoch": 1, "epochs": 2,
            "seconds": 60.0, "training_examples_per_second": 10.0, "parameters": 5,
        }  # fmt: skip
        (folder / "metrics.json").write_text(json.dumps(metrics))
        (folder / "flags.json").write_text(json.dumps(["--train=a"]))
    printed = program(tmp_path, "seeds.py", "recipes/none.py", "--workdir=runs", "--metric=f1", "--train=a")
    assert "f1 over 3 seeds: mean 0.6000, standard deviation 0.1000, 0.5000 to 0.7000" in printed
    printed = program(tmp_path, "seeds.py", "recipes/none.py", "--workdir=runs", "--metric=loss", "--", "--train=a")
    assert "loss over 3 seeds: mean 1.0000, standard deviation 0.0000" in printed
    with pytest.raises(AssertionError, match="has no 'accuracy'"):
        program(tmp_path, "seeds.py", "recipes/none.py", "--workdir=runs", "--metric=accuracy", "--train=a")
    with pytest.raises(AssertionError, match="was run with"):
        program(tmp_path, "seeds.py", "recipes/none.py", "--workdir=runs", "--train=b")


def test_dialogue_prints_both_speeds_and_replies_of_the_export(tmp_path):
    tiny = [f"--set={name}=4" for name in ("units", "word_dim", "encoder_units", "context_units", "max_reply")]
    printed = program(tmp_path, "dialogue.py", "--dialogues=32", "--rounds=1", "--json=out.json", *tiny)
    assert "zoo trains at" in printed
    figures = json.loads((tmp_path / "out.json").read_text())
    assert set(figures["dialogues_per_second"]) == {"zoo trains", "Keras trains", "export replies"}
    assert all(speed > 0 for speed in figures["dialogues_per_second"].values())
    assert figures["parameters"]["zoo"] == figures["parameters"]["keras"]
    assert 0 < figures["reply_words"] <= 4
