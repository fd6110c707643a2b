"""Makes one Markdown table of finished runs: what was reached over the seeds, beside what was published.

python benchmarks/results.py runs/imdb/seed-* runs/wnut17/seed-*

Each folder is a run's --workdir and holds its `metrics.json`. Runs that differ in nothing but the seed are one row.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from zoo import registry

HEADINGS = (
    "recipe", "data", "variant", "seeds", "measured: mean ± standard deviation", "published", "minutes", "parameters",
    "examples/s",
)  # fmt: skip

# The names that a data set goes by, in lower case: as --data has it, or as the folder of its files is called.
_IMDB, _SST2 = ("imdb", "aclimdb", "imdb_reviews"), ("sst2", "sst-2")
_SHAKESPEARE = ("tinyshakespeare", "tiny_shakespeare")


class Published(NamedTuple):
    """What others reached.

    Attributes:
        recipe: The recipe that it stands beside.
        data: Names of the data set.
        fields: What a run's configuration must have to be compared with it.
        figures: As they were published, each with its source and what was different there.
    """

    recipe: str
    data: tuple[str, ...]
    fields: dict[str, Any]
    figures: tuple[str, ...]


PUBLISHED = (
    Published(
        "lstm_imdb",
        _IMDB,
        {"encoder": "recurrent"},
        (
            "0.919 (LSTM over regions, Johnson & Zhang 2016)",
            "0.865 (LSTM from scratch, Dai & Le 2015)",
            "0.843 (Keras' own BiLSTM example)",
        ),
    ),
    Published("lstm_imdb", _IMDB, {"encoder": "ngrams"}, ("0.912 (SVM of naive Bayes features, Wang & Manning 2012)",)),
    Published(
        "lstm_imdb",
        _SST2,
        {"encoder": "recurrent"},
        (
            "0.849 (LSTM, Tai et al. 2015; GloVe vectors, labelled phrases)",
            "0.827 (convolution from scratch, Kim 2014; labelled phrases)",
        ),
    ),
    Published(
        "lstm_imdb",
        _SST2,
        {"encoder": "ngrams"},
        ("0.831 (naive Bayes of word pairs, Socher et al. 2013; labelled phrases)",),
    ),
    Published("lstm_ner", ("wnut17",), {}, ("0.41 to 0.42 (systems of the 2017 task; pretrained vectors)",)),
    Published(
        "lstm_char_lm",
        _SHAKESPEARE,
        {},
        (
            "1.4697 nats a character (a small GPT, nanoGPT's README)",
            "1.548 (minGRU of three layers, Feng et al. 2024)",
        ),
    ),
)


class Run(NamedTuple):
    """A finished run: its folder, and what its `metrics.json` says."""

    folder: Path
    metrics: dict[str, Any]

    @property
    def seed(self) -> int:
        """The seed of weights, order and dropout."""
        return self.metrics["config"]["seed"]

    @property
    def all_but_seed(self) -> str:
        """Everything that was chosen, but the seed; equal for runs that belong together."""
        config = {name: value for name, value in self.metrics["config"].items() if name != "seed"}
        chosen = {name: self.metrics[name] for name in ("recipe", "data", "reported_on", "strategy", "versions")}
        return json.dumps({**chosen, "config": config}, sort_keys=True)


def headline(metrics: dict[str, Any]) -> str:
    """Returns the name, in `metrics.json`, of the figure by which a run's recipe chooses its best epoch.

    Loads TensorFlow, since only the task itself knows.

    Raises:
        ValueError: There is no such recipe any more.
    """
    module, _, task = registry.config(metrics["recipe"]).task.partition(":")
    return getattr(importlib.import_module(module), task).monitor.removeprefix("val_")


def read(folder: Path) -> Run:
    """Reads a run.

    Raises:
        FileNotFoundError: The folder holds no `metrics.json`.
        ValueError: The file is not the report of a run.
    """
    path = folder / "metrics.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} holds no metrics.json: give the --workdir of a run that has ended")
    try:
        run = Run(folder, json.loads(path.read_text(encoding="utf-8")))
        _ = run.seed, run.all_but_seed
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not the report of a run ({error!r}): run it again") from error
    return run


def grouped(runs: Sequence[Run]) -> list[list[Run]]:
    """Puts runs together that differ in nothing but the seed; groups in the order of their first run.

    Raises:
        ValueError: Two of a group have the same seed.
    """
    groups: dict[str, dict[int, Run]] = {}
    for run in runs:
        group = groups.setdefault(run.all_but_seed, {})
        if run.seed in group:
            raise ValueError(f"{group[run.seed].folder} and {run.folder} are the same run: give one of them")
        group[run.seed] = run
    return [[group[seed] for seed in sorted(group)] for group in groups.values()]


def data_name(data: str) -> str:
    """Returns the name of a data set, from its own name or from the path of its training file."""
    parts = PurePath(data).parts
    known = {name for published in PUBLISHED for name in published.data}
    of_file = parts[-2] if len(parts) > 1 and PurePath(data).suffix else data
    return next((part for part in reversed(parts) if part.lower() in known), of_file)


def variant(metrics: dict[str, Any]) -> str:
    """Returns what was chosen otherwise than the recipe has it: `encoder=ngrams, epochs=8`."""
    default = registry.config(metrics["recipe"]).to_dict()
    chosen = {**metrics["config"], "seed": default["seed"]}
    changes = {name: value for name, value in chosen.items() if name not in default or value != default[name]}
    if metrics["strategy"] != "none":
        changes["strategy"] = metrics["strategy"]
    return ", ".join(f"{name}={value}" for name, value in changes.items()) or "default"


def published(metrics: dict[str, Any]) -> str:
    """Returns the published figures that a run can be compared with, or a dash."""
    found = [
        figure
        for entry in PUBLISHED
        if entry.recipe == metrics["recipe"] and data_name(metrics["data"]).lower() in entry.data
        if entry.fields.items() <= metrics["config"].items()
        for figure in entry.figures
    ]
    return "; ".join(found) or "–"


def measured(group: Sequence[Run], metric: str) -> str:
    """Returns, for instance, `accuracy 0.9100 ± 0.0020 (test)`.

    Raises:
        ValueError: A run has no such figure.
    """
    for run in group:
        if metric not in run.metrics:
            numbers = ", ".join(name for name, value in run.metrics.items() if isinstance(value, float))
            raise ValueError(f"{run.folder}/metrics.json has no {metric!r}; it has {numbers}")
    values = [run.metrics[metric] for run in group]
    mean = statistics.mean(values)
    places = 4 if abs(mean) < 10 else 1
    spread = f" ± {statistics.stdev(values):.{places}f}" if len(values) > 1 else ""
    return f"{metric.replace('_', ' ')} {mean:.{places}f}{spread} ({group[0].metrics['reported_on']})"


def row(group: Sequence[Run], metric: str | None = None) -> list[str]:
    """Returns the cells of a group of runs, under `HEADINGS`."""
    first = group[0].metrics
    minutes = statistics.mean(run.metrics["seconds"] for run in group) / 60
    return [
        f"`{first['recipe']}`",
        data_name(first["data"]),
        variant(first),
        ", ".join(str(run.seed) for run in group),
        measured(group, metric or headline(first)),
        published(first),
        f"{minutes:.1f}" if minutes < 10 else f"{minutes:.0f}",
        f"{first['parameters']:,}",
        f"{statistics.median(run.metrics['training_examples_per_second'] for run in group):,.0f}",
    ]


def table(runs: Sequence[Run], metric: str | None = None) -> str:
    """Returns the Markdown table, a row a group, and the versions that were used.

    Args:
        runs: Runs of any recipes.
        metric: The figure to show; default: the recipe's own, see `headline`.

    Raises:
        ValueError: A run cannot be shown; the message names it.
    """
    lines = [HEADINGS, ["---"] * len(HEADINGS), *(row(group, metric) for group in grouped(runs))]
    versions = {", ".join(f"{name} {number}" for name, number in run.metrics["versions"].items()) for run in runs}
    return "\n".join([*(f"| {' | '.join(cells)} |" for cells in lines), "", f"With {'; '.join(sorted(versions))}."])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", help="working folders of runs")
    parser.add_argument("--metric", help="the figure of metrics.json to show; default: the recipe's own")
    arguments = parser.parse_args()
    try:
        print(table([read(folder) for folder in arguments.folders], arguments.metric))
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
