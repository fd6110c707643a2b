"""How training of `zoo.get("lstm_ner")` grows with replicas and processes, with batch and length, and with precision.

    python benchmarks/scaling.py
    python benchmarks/scaling.py --rounds=5 --json=scaling.json

Every figure is of a process, or several, of its own, on as many processor cores as it says and no more. They take turns
in every round, and each trains one epoch untimed and then a few timed ones, all on the same sentences (or as many of
another length); the table has medians over the rounds. Efficiency is the speed beside that of one process with one
core, by the number of cores. Two processes apart, which know nothing of each other, show what to expect at best, as
cores share caches and memory; their sentences are added up. The input pipeline's share is the time it takes by itself,
with nobody learning, of the time of an epoch; it is prepared beside the steps where there is a core for it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import local_cluster

_EPOCHS = 3  # timed
_SENTENCES = 16_384  # an epoch


@dataclass(frozen=True)
class Job:
    """What is measured.

    Attributes:
        name: For the table.
        processes: Workers.
        apart: Whether each process trains a model of its own, alone, rather than all of them one.
        replicas: Of each process.
        cores: Of each process.
        batch: Sentences a step of each replica.
        tokens: Of a sentence.
        precision: Of the model.
    """

    name: str
    processes: int = 1
    apart: bool = False
    replicas: int = 1
    cores: int = 1
    batch: int = 128
    tokens: int = 14
    precision: str = "float32"

    @property
    def global_batch(self) -> int:
        """Sentences a step of all that train together."""
        return self.batch * self.replicas * self.workers

    @property
    def workers(self) -> int:
        """Processes that train together."""
        return 1 if self.apart else self.processes


_REPLICAS = [
    Job("1 process, 1 core"),
    Job("2 processes, 1 core each", processes=2),
    Job("2 processes apart, 1 core each", processes=2, apart=True),
    Job("1 process, 2 cores", cores=2),
    Job("1 process, 2 replicas, 2 cores", replicas=2, cores=2),
]
_SHAPES = [Job(f"batch {batch}, {tokens} tokens", batch=batch, tokens=tokens, cores=2)
           for batch in (32, 128, 512) for tokens in (14, 56)]  # fmt: skip
_PRECISIONS = [Job(precision, cores=2, precision=precision) for precision in ("float32", "bfloat16", "float16")]


def child(job: Job, index: int) -> None:
    """Trains in this process, one of the job's, and prints what was measured as JSON."""
    import invented_words
    import keras
    import numpy as np
    import tensorflow as tf
    import turns

    import zoo
    from zoo.training.strategies import strategy

    tf.config.threading.set_intra_op_parallelism_threads(job.cores)
    tf.config.threading.set_inter_op_parallelism_threads(job.cores + 1)  # one waits for messages
    name = "multi_worker" if job.workers > 1 else "mirrored" if job.replicas > 1 else "none"
    place = strategy(name, logical_devices=job.replicas if job.replicas > 1 else None)
    lexicon, drawn = invented_words.draw(np.random.default_rng(0), 22_000, (_SENTENCES, job.tokens))
    tokens = [[lexicon[word] for word in row] for row in drawn]
    tags = [["B-PER" if word % 11 == 0 else "O" for word in row] for row in drawn]
    with place.scope():
        model = zoo.get(
            "lstm_ner", batch_size=job.global_batch, precision=job.precision, bucket_boundaries=(job.tokens + 1,)
        )
    clock, seconds = turns.EpochClock(), []

    class Collect(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            seconds.append(clock.seconds)

    model.fit(tokens, tags, epochs=1 + _EPOCHS, callbacks=[clock, Collect()], verbose=0)
    # What this worker prepares in training: of all records the order, of its own rows the tensors.
    context = tf.distribute.InputContext(job.workers, index % job.workers, place.num_replicas_in_sync)
    records = model.records(tokens, tags)
    batches = model.batches(records, True) if name == "none" else model.worker_batches(records, context, True)
    alone = []
    for _ in range(3):
        begun = time.perf_counter()
        for _ in batches:
            pass
        alone.append(time.perf_counter() - begun)
    epoch = statistics.median(seconds[1:])
    print(json.dumps({
        "sentences_per_second": len(tokens) / epoch,
        "steps_per_second": len(tokens) / job.global_batch / epoch,
        "input_share": statistics.median(alone) / epoch,
    }))  # fmt: skip


def measure(job: Job) -> dict[str, float]:
    """Runs a job's processes, each on its own cores."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < job.cores * job.processes:
        sys.exit(f"{job.name} needs {job.cores * job.processes} cores, but there are {len(cores)}")
    addresses = local_cluster.free_addresses(job.processes)
    processes = []
    for index in range(job.processes):
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}
        cluster = {} if job.apart else local_cluster.environment(addresses, index)
        environment = {**os.environ, **quiet, **cluster}
        own = cores[index * job.cores : (index + 1) * job.cores]
        told = [f"--child={json.dumps(asdict(job))}", f"--index={index}", "--cores", *map(str, own)]
        processes.append(
            subprocess.Popen(
                [sys.executable, __file__, *told],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    answers = [process.communicate() for process in processes]
    failed = [told for process, (_, told) in zip(processes, answers, strict=True) if process.returncode]
    if failed:
        sys.exit(f"{job.name} failed:\n" + "\n".join(told[-2000:] for told in failed))
    each = [json.loads(told.splitlines()[-1]) for told, _ in answers]
    if not job.apart:
        return each[0]  # they train in step; the input's share is the chief's
    found = {name: statistics.mean(one[name] for one in each) for name in each[0]}
    return {**found, "sentences_per_second": found["sentences_per_second"] * len(each)}


def accuracy(precision: str) -> float:
    """Returns the entity F1 on the test split of the embedded sample, after training as the script does."""
    script = Path(__file__).parents[1] / "recipes" / "ner.py"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, script, f"--workdir={folder}/run", f"--set=precision={precision}", "--epochs=4"],
            check=True, capture_output=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
        return json.loads(Path(folder, "run", "metrics.json").read_text(encoding="utf-8"))["f1"]


def table(jobs: Sequence[Job], rounds: int) -> dict[str, list[dict[str, float]]]:
    """Measures jobs in turns and prints a row for each."""
    found: dict[str, list[dict[str, float]]] = {job.name: [] for job in jobs}
    for _ in range(rounds):
        for job in jobs:
            found[job.name].append(measure(job))
    columns = (("steps/s", 9), ("sentences/s", 13), ("tokens/s", 10), ("beside the first", 18), ("efficiency", 12))
    print("\n" + " " * 32 + "".join(f"{column:>{width}}" for column, width in (*columns, ("input", 7))))
    for job in jobs:
        medians = {key: statistics.median(one[key] for one in found[job.name]) for key in found[job.name][0]}
        ratio = statistics.median(
            a["sentences_per_second"] / b["sentences_per_second"]
            for a, b in zip(found[job.name], found[jobs[0].name], strict=True)
        )
        share = ratio * jobs[0].cores / (job.cores * job.processes)
        speed = medians["sentences_per_second"]
        print(
            f"{job.name:32}{medians['steps_per_second']:9.2f}{speed:13,.0f}{speed * job.tokens:10,.0f}{ratio:18.2f}"
            f"{share:12.0%}{medians['input_share']:7.0%}"
        )
    return found


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("replicas", "shapes", "precision"), nargs="+")
    parser.add_argument("--json", help="file for all figures")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--index", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--cores", type=int, nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        os.sched_setaffinity(0, arguments.cores)
        return child(Job(**json.loads(arguments.child)), arguments.index)
    wanted = arguments.only or ("replicas", "shapes", "precision")
    figures: dict[str, Any] = {}
    for name, jobs in (("replicas", _REPLICAS), ("shapes", _SHAPES), ("precision", _PRECISIONS)):
        if name in wanted:
            figures[name] = table(jobs, arguments.rounds)
    if "precision" in wanted:
        figures["f1"] = {job.precision: accuracy(job.precision) for job in _PRECISIONS}
        print("\ntest F1 on the embedded sample after four epochs: " + ", ".join(
            f"{precision} {f1:.3f}" for precision, f1 in figures["f1"].items()))  # fmt: skip
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return None


if __name__ == "__main__":
    main()
