"""Kills training runs at random moments, starts them again, and compares their end with that of a run in peace.

    python benchmarks/kills.py                                       # a hundred kills over all recipes
    python benchmarks/kills.py --kills=10 --recipes ner.py --workers=2   # of two workers, one at a time

Every recipe is small, and reads a few records that are written here, but is otherwise what its script does: training
with dropout, validation, checkpoints within epochs, report, pages, export. A kill is SIGKILL after a time between 0 and
what the run in peace took. Where one of several workers is killed the others end, and all are started again; or they
wait, as not all had met yet, and the one that was killed is started again. The end of a run is its `history.csv` and
`metrics.json` (but for times) and the weights of its best model, bit for bit; with several workers, whose sums are not
always taken in the same order, to 1e-4 of each (or 1e-5).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any, NoReturn

import h5py
import local_cluster
import numpy as np

_RECIPES = Path(__file__).parents[1] / "recipes"
_TIMES = {"seconds", "training_examples_per_second"}
_LOST = 90  # seconds that a worker may take to see that another has gone
_LONGEST = 900  # seconds that a run may take to its end

_CONLL = "Ann B-PER\nLee I-PER\nmet O\nBo B-PER\n\nBo B-PER\nlikes O\nBergen B-LOC\n\nno O\nnames O\n\n"
_DIALOGUES = "A cat ? __eou__ No , a dog . __eou__ Oh . __eou__\nHello ! __eou__ Hi ! __eou__\n"

# The content of train and validation file, and the flags that make a recipe small.
_RUNS = {
    "ner.py": (_CONLL * 60, _CONLL * 5, "conll", {"word_dim": 8, "units": 8, "char_dim": 4, "char_units": 4}, []),
    "sentiment.py": (
        "".join(f"it was {'good' if n // 2 % 2 else 'bad'} {n}\t{n // 2 % 2}\n" for n in range(240)),
        "it was good\t1\nit was bad\t0\n" * 10,
        "tsv",
        {"word_dim": 8, "units": 8, "ngram_dim": 4, "ngram_buckets": 50, "region_filters": 8, "min_count": 1},
        [],
    ),
    "char_lm.py": (
        "the apple and pear salad, the apple and pair salad.\n" * 60,
        "the apple and pear salad.\n" * 10,
        "txt",
        {"embedding_dim": 8, "units": 16, "window": 12, "dropout": 0.2},
        ["--length=20"],
    ),
    "captioning.py": (None, None, "", {"image_size": 16, "encoder_widths": "8,16", "word_dim": 8, "units": 8}, []),
    "dialog.py": (
        _DIALOGUES * 80,
        _DIALOGUES * 4,
        "txt",
        {"word_dim": 8, "encoder_units": 8, "context_units": 8, "units": 8, "max_reply": 4},
        ["--pretrain={folder}/train.txt", "--pretrain_epochs=4"],
    ),
}


def command(script: str, folder: Path, workdir: Path) -> list[str]:
    """Returns the command of a run; its data are written into the folder if they are not there."""
    train, valid, suffix, settings, flags = _RUNS[script]
    files = []
    if train is not None:
        for name, content in (("train", train), ("valid", valid)):
            path = folder / f"{name}.{suffix}"
            path.write_text(content, encoding="utf-8")
            files.append(f"--{name}={path}")
    fields = [f"--set={name}={value}" for name, value in settings.items()]
    others = [flag.format(folder=folder) for flag in flags]
    asked = ["--resume", "--save_every=0.3", "--epochs=3" if files else "--epochs=1", "--batch_size=4"]
    return [sys.executable, str(_RECIPES / script), f"--workdir={workdir}", *asked, *files, *fields, *others]


class Run:
    """A run of one or more workers.

    Attributes:
        processes: Of each worker, the one that was started last.
    """

    def __init__(self, command: list[str], workers: int, log: Path) -> None:
        """Starts a process for each worker."""
        self._command = [*command, "--strategy=multi_worker"] if workers > 1 else command
        self._addresses, self._log = local_cluster.free_addresses(workers), log
        self.processes = [self._started(index) for index in range(workers)]

    def start_again(self, index: int) -> None:
        """Starts one worker once more, while the others are there."""
        self.processes[index] = self._started(index)

    def _started(self, index: int) -> subprocess.Popen:
        quiet = {"PYTHONPATH": str(_RECIPES.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment = {**os.environ, **quiet, **local_cluster.environment(self._addresses, index)}
        with self._log.open("a") as file:
            return subprocess.Popen(self._command, env=environment, stdout=file, stderr=file)

    def ended(self, seconds: float) -> bool:
        """Waits until all processes have ended by themselves; returns whether they have within so many seconds."""
        deadline = time.monotonic() + seconds
        for process in self.processes:
            try:
                process.wait(max(deadline - time.monotonic(), 0.01))
            except subprocess.TimeoutExpired:
                return False
        return True

    @property
    def failed(self) -> bool:
        """Whether a process has ended otherwise than it should."""
        return any(process.returncode for process in self.processes)

    def close(self) -> None:
        """Kills what is left."""
        for process in self.processes:
            process.kill()
            process.wait()


def end(workdir: Path) -> dict[str, Any]:
    """Returns how a run has ended."""
    metrics = json.loads((workdir / "metrics.json").read_text(encoding="utf-8"))
    with (workdir / "history.csv").open(encoding="utf-8") as file:
        history = [{name: row[name] for name in row if name not in _TIMES} for row in csv.DictReader(file)]
    weights: dict[str, np.ndarray] = {}

    def collect(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            weights[name] = item[()]

    with zipfile.ZipFile(workdir / "checkpoints" / "best.keras") as archive:
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))).visititems(collect)
    return {"metrics": {name: metrics[name] for name in metrics if name not in _TIMES}, "history": history, **weights}


def differences(one: dict[str, Any], other: dict[str, Any], exactly: bool) -> list[str]:
    """Names what differs between two ends."""

    def same(a: Any, b: Any) -> bool:
        if a is None or b is None:
            return a is b
        if isinstance(a, dict):
            return set(a) == set(b) and all(same(a[name], b[name]) for name in a)
        if isinstance(a, list):
            return len(a) == len(b) and all(map(same, a, b))
        if exactly:
            return np.array_equal(a, b)
        try:
            return np.allclose(np.asarray(a, float), np.asarray(b, float), rtol=1e-4, atol=1e-5)
        except (TypeError, ValueError):
            return a == b

    return [name for name in sorted({*one, *other}) if not same(one.get(name), other.get(name))]


def newest(workdir: Path) -> str:
    """Names what a run has saved last."""
    for phase in ("checkpoints", "checkpoints/pretraining"):
        if saved := sorted(path.name for path in (workdir / phase).glob("epoch-*")):
            return f"{phase}/{saved[-1]}"
    return "nothing"


def in_peace(script: str, folder: Path, workers: int) -> tuple[dict[str, Any], float]:
    """Returns the end of a run that nobody disturbs, and how long it took."""
    began = time.monotonic()
    run = Run(command(script, folder, folder / "peace"), workers, folder / "peace.log")
    if not run.ended(_LONGEST) or run.failed:
        run.close()
        sys.exit(f"{script} fails by itself:\n{(folder / 'peace.log').read_text()[-3000:]}")
    return end(folder / "peace"), time.monotonic() - began


def killed(script: str, folder: Path, workers: int, longest: float, most: int, chance: random.Random) -> int:
    """Kills processes of a run at most so many times until it ends; returns how many times one was."""
    log, kills = folder / "killed.log", 0

    def fail(how: str) -> NoReturn:
        run.close()
        sys.exit(f"{script} {how} after {kills} kills:\n{log.read_text()[-3000:]}")

    run = Run(command(script, folder, folder / "killed"), workers, log)
    while kills < most:
        index, moment = chance.randrange(workers), chance.uniform(0.0, longest)
        try:
            run.processes[index].wait(moment)
        except subprocess.TimeoutExpired:
            run.processes[index].kill()
            kills += 1
            print(
                f"  {script}: kill {kills}, after {moment:.1f} seconds, {newest(folder / 'killed')} saved", flush=True
            )
        else:
            break
        if run.ended(_LOST):
            run = Run(command(script, folder, folder / "killed"), workers, log)
        else:  # they have not all met before, and the others wait for the one that was killed
            run.start_again(index)
    if not run.ended(_LONGEST):
        fail("does not end")
    if run.failed:
        fail("fails")
    return kills


def main() -> None:
    """Prints a line a run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100, help="in all")
    parser.add_argument("--recipes", nargs="+", choices=sorted(_RUNS), default=sorted(_RUNS))
    parser.add_argument("--workers", type=int, default=1, help="processes of a run, of which one is killed at a time")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args()
    chance, kills, different = random.Random(arguments.seed), 0, 0
    with tempfile.TemporaryDirectory() as root:
        peace = {}
        while kills < arguments.kills:
            for script in arguments.recipes:
                folder = Path(root) / script
                folder.mkdir(exist_ok=True)
                if script not in peace:
                    peace[script] = in_peace(script, folder, arguments.workers)
                wanted, longest = peace[script]
                most = min(arguments.kills - kills, -(-arguments.kills // len(arguments.recipes)))
                done = killed(script, folder, arguments.workers, longest, most, chance)
                wrong = differences(end(folder / "killed"), wanted, exactly=arguments.workers == 1)
                kills, different = kills + done, different + bool(wrong)
                print(
                    f"{script}: {done} kills, {'another end: ' + ', '.join(wrong) if wrong else 'the same end'}",
                    flush=True,
                )
                shutil.rmtree(folder / "killed")
    print(f"{kills} kills, {different} ends that differ")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
