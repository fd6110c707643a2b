"""The table that `benchmarks/results.py` makes of finished runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from zoo import registry

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import results

PROGRAM = Path(results.__file__)


def finished(parent, seed, recipe="lstm_imdb", data="somewhere/imdb/train.tsv.gz", folder=None, config=None, **figures):
    folder = parent / (folder or f"{recipe}-{seed}")
    folder.mkdir()
    metrics = {
        "recipe": recipe, "data": data, "reported_on": "test", "loss": 0.3, "accuracy": 0.9, "f1": 0.5, "epochs": 4,
        "best_epoch": 3, "seconds": 120.0, "training_examples_per_second": 1000.0, "parameters": 1234567,
        "strategy": "none", "versions": {"zoo": "0.1.0", "python": "3.11"},
        "config": {**registry.config(recipe).to_dict(), "seed": seed, **(config or {})}, **figures,
    }  # fmt: skip
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return results.read(folder)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_runs_that_differ_in_the_seed_alone_are_one_row(tmp_path):
    runs = [
        finished(tmp_path, 2, accuracy=0.93, seconds=240.0, training_examples_per_second=3000.0),
        finished(tmp_path, 3, folder="other", config={"units": 128}),
        finished(tmp_path, 1, accuracy=0.91),
    ]
    head, rule, ours, other, blank, versions = results.table(runs, "accuracy").splitlines()
    assert len(cells(head)) == len(cells(rule)) == len(cells(ours)) == len(cells(other))
    row = dict(zip(cells(head), cells(ours), strict=True))
    assert row["recipe"] == "`lstm_imdb`"
    assert row["data"] == "imdb"
    assert (row["variant"], row["seeds"]) == ("default", "1, 2")
    assert row["measured: mean ± standard deviation"] == "accuracy 0.9200 ± 0.0141 (test)"
    assert (row["minutes"], row["parameters"], row["examples/s"]) == ("3.0", "1,234,567", "2,000")
    assert cells(other)[2:5] == ["units=128", "3", "accuracy 0.9000 (test)"]
    assert blank == ""
    assert versions == "With zoo 0.1.0, python 3.11."


def test_published_figures_stand_beside_what_they_can_be_compared_with(tmp_path):
    default = finished(tmp_path, 1)
    ngrams = finished(tmp_path, 1, folder="ngrams", config={"encoder": "ngrams"})
    elsewhere = finished(tmp_path, 1, folder="elsewhere", data="reviews.csv")
    assert "0.919 (LSTM over regions, Johnson & Zhang 2016)" in results.published(default.metrics)
    assert results.published(ngrams.metrics).startswith("0.912")
    assert "LSTM" not in results.published(ngrams.metrics)
    assert results.published(elsewhere.metrics) == "–"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("/corpora/SST2/train.tsv", "SST2"),
        ("aclImdb/train", "aclImdb"),
        ("wnut17/wnut17train.conll", "wnut17"),
        ("wikiann_en/train.conll", "wikiann_en"),
        ("train.csv", "train.csv"),
        ("imdb_reviews", "imdb_reviews"),
        ("wikiann/en", "wikiann/en"),
        ("sample", "sample"),
    ],
)
def test_data_is_called_by_its_own_name_or_its_folder(data, name):
    assert results.data_name(data) == name


def test_variants_say_what_was_chosen_otherwise(tmp_path):
    changed = finished(tmp_path, 5, config={"encoder": "ngrams", "epochs": 8}, strategy="mirrored")
    assert results.variant(changed.metrics) == "epochs=8, encoder=ngrams, strategy=mirrored"


def test_any_figure_can_be_shown(tmp_path):
    ner = finished(tmp_path, 0, recipe="lstm_ner", data="wnut17/train.conll", bits_per_character=123.456)
    assert results.row([ner], "loss")[4] == "loss 0.3000 (test)"
    assert results.row([ner], "bits_per_character")[4] == "bits per character 123.5 (test)"
    assert "0.41 to 0.42" in results.row([ner], "f1")[5]


@pytest.mark.parametrize(("recipe", "metric"), [("lstm_ner", "f1"), ("lstm_imdb", "accuracy")])
def test_a_recipe_is_judged_by_what_chooses_its_best_epoch(recipe, metric):
    assert results.headline({"recipe": recipe}) == metric


def test_whatever_cannot_be_shown_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing holds no metrics.json: give the --workdir of a run"):
        results.read(tmp_path / "nothing")
    (tmp_path / "broken").mkdir()
    for text in ("{", "{}", "[]"):
        (tmp_path / "broken" / "metrics.json").write_text(text)
        with pytest.raises(ValueError, match=r"broken/metrics.json is not the report of a run"):
            results.read(tmp_path / "broken")
    run = finished(tmp_path, 1)
    with pytest.raises(ValueError, match=r"lstm_imdb-1 and .*again are the same run"):
        results.table([run, finished(tmp_path, 1, folder="again")], "accuracy")
    with pytest.raises(ValueError, match=r"lstm_imdb-1/metrics.json has no 'bleu'; it has loss, accuracy"):
        results.table([run], metric="bleu")
    with pytest.raises(ValueError, match="no recipe is called 'unheard_of'"):
        results.headline({"recipe": "unheard_of"})


def test_the_program_prints_the_table_without_tensorflow(tmp_path):
    finished(tmp_path, 1)
    run = f"runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"
    arguments = ["lstm_imdb-1", "--metric=accuracy"]
    code = f"import runpy, sys; sys.argv[1:] = {arguments}; {run}; assert 'tensorflow' not in sys.modules"
    environment = {"PYTHONPATH": str(PROGRAM.parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| accuracy 0.9000 (test) |" in done.stdout
    missing = subprocess.run(
        [sys.executable, PROGRAM, "gone"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert missing.returncode == 1
    assert missing.stderr.startswith("error: gone holds no metrics.json")
