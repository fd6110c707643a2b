"""Runs a recipe's script with several seeds and prints mean and spread of what it reached.

python benchmarks/seeds.py recipes/ner.py --workdir=runs/wnut17 --train=train.conll --test=test.conll
python benchmarks/seeds.py recipes/sentiment.py --workdir=runs/ngrams --seeds 1 2 3 -- --data=imdb_reviews --epochs=8

Each seed is a process of its own with its own working folder; a seed that is there already is not run again.
`benchmarks/results.py` makes a table of the folders.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from results import headline


def run(script: str, folder: Path, seed: int, flags: list[str]) -> dict[str, Any]:
    """Runs one seed, if it has not been run, and returns its metrics."""
    report, asked = folder / "metrics.json", folder / "flags.json"
    if asked.is_file() and (before := json.loads(asked.read_text(encoding="utf-8"))) != flags:
        sys.exit(f"{folder} was run with {' '.join(before)}: choose another --workdir")
    folder.mkdir(parents=True, exist_ok=True)
    asked.write_text(json.dumps(flags), encoding="utf-8")
    if not report.is_file():
        resume = ["--resume"] if any(folder.glob("checkpoints/**/epoch-*")) else []
        command = [sys.executable, script, f"--workdir={folder}", f"--seed={seed}", *flags, *resume]
        if code := subprocess.run(command, check=False).returncode:
            sys.exit(f"seed {seed} ended with exit code {code}: the same command goes on where it stopped")
    return json.loads(report.read_text(encoding="utf-8"))


def main() -> None:
    """Prints one line a seed and one of mean and spread."""
    # Without abbreviations, so that a script's flags are not taken for these.
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("script", help="a script of recipes/")
    parser.add_argument("--workdir", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--metric", help="the figure of metrics.json to sum up; default: the recipe's own")
    parser.epilog = "All other flags, and whatever follows a --, go to the script."
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    arguments, flags = parser.parse_known_args(sys.argv[1:end])
    flags += sys.argv[end + 1 :]

    values = []
    for seed in arguments.seeds:
        metrics = run(arguments.script, arguments.workdir / f"seed-{seed}", seed, flags)
        metric = arguments.metric or headline(metrics)
        if metric not in metrics:
            sys.exit(f"{arguments.workdir}/seed-{seed}/metrics.json has no {metric!r}: give another --metric")
        values.append(metrics[metric])
        print(
            f"seed {seed}: {metrics['reported_on']} {metric} {values[-1]:.4f}, best epoch "
            f"{metrics['best_epoch']} of {metrics['epochs']}, {metrics['seconds'] / 60:.1f} min, "
            f"{metrics['training_examples_per_second']:.0f} examples/s, {metrics['parameters']:,} parameters",
            flush=True,
        )
    spread = f"{min(values):.4f} to {max(values):.4f}"
    deviation = statistics.stdev(values) if len(values) > 1 else float("nan")
    print(
        f"{metric} over {len(values)} seeds: mean {statistics.mean(values):.4f}, "
        f"standard deviation {deviation:.4f}, {spread}"
    )


if __name__ == "__main__":
    main()
