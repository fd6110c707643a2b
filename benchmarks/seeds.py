"""Runs a recipe's script with several seeds and prints mean and spread of what it reached.

python benchmarks/seeds.py recipes/ner.py --workdir=runs/wnut17 --train=train.conll --test=test.conll

Each seed is a process of its own with its own working folder; a seed that is there already is not run again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(script: str, folder: Path, seed: int, flags: list[str]) -> dict[str, Any]:
    """Runs one seed, if it has not been run, and returns its metrics."""
    report, asked = folder / "metrics.json", folder / "flags.json"
    if asked.is_file() and (before := json.loads(asked.read_text(encoding="utf-8"))) != flags:
        sys.exit(f"{folder} was run with {' '.join(before)}: choose another --workdir")
    folder.mkdir(parents=True, exist_ok=True)
    asked.write_text(json.dumps(flags), encoding="utf-8")
    if not report.is_file():
        resume = ["--resume"] if any(folder.glob("checkpoints/epoch-*")) else []
        command = [sys.executable, script, f"--workdir={folder}", f"--seed={seed}", *flags, *resume]
        subprocess.run(command, check=True)
    return json.loads(report.read_text(encoding="utf-8"))


def main() -> None:
    """Prints one line a seed and one of mean and spread."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("script", help="a script of recipes/")
    parser.add_argument("--workdir", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--metric", default="f1", help="the figure of metrics.json to sum up")
    parser.epilog = "All other flags go to the script."
    arguments, flags = parser.parse_known_args()

    values = []
    for seed in arguments.seeds:
        metrics = run(arguments.script, arguments.workdir / f"seed-{seed}", seed, flags)
        values.append(metrics[arguments.metric])
        print(
            f"seed {seed}: {metrics['reported_on']} {arguments.metric} {values[-1]:.4f}, best epoch "
            f"{metrics['best_epoch']} of {metrics['epochs']}, {metrics['seconds'] / 60:.1f} min, "
            f"{metrics['training_examples_per_second']:.0f} examples/s, {metrics['parameters']:,} parameters",
            flush=True,
        )
    spread = f"{min(values):.4f} to {max(values):.4f}"
    deviation = statistics.stdev(values) if len(values) > 1 else float("nan")
    print(
        f"{arguments.metric} over {len(values)} seeds: mean {statistics.mean(values):.4f}, "
        f"standard deviation {deviation:.4f}, {spread}"
    )


if __name__ == "__main__":
    main()
