"""What it costs to go on with an interrupted run: seconds until its first step, beside those of a new run.

    python benchmarks/resume.py
    python benchmarks/resume.py --sentences=100000 --rounds=5

A run of `recipes/ner.py` on invented sentences is asked to stop (SIGTERM) late in its first epoch, which is where most
is to be done again: the records up to there are read and shuffled once more. Then a run that goes on from there and one
that begins anew take turns; each is a process of its own that ends after its first step. Both read the files and trace
the step; the one that goes on also loads the checkpoint and passes over the batches that are done, where the one that
begins learns the vocabulary.
"""

from __future__ import annotations

import argparse
import os
import runpy
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

_SCRIPT = Path(__file__).parents[1] / "recipes" / "ner.py"
_WORDS = 22_000
_LONGEST = 600  # seconds that the interrupted run may take to come to its late step
_BATCH = 32


def write(path: Path, sentences: int) -> None:
    """Writes sentences of 14 words, drawn as words are in texts, as CoNLL lines."""
    import invented_words

    lexicon, drawn = invented_words.draw(np.random.default_rng(0), _WORDS, (sentences, 14))
    rows = ("".join(f"{lexicon[word]} {'B-PER' if word % 11 == 0 else 'O'}\n" for word in row) for row in drawn)
    path.write_text("\n".join(rows), encoding="utf-8")


def child(last: int, told: list[str]) -> None:
    """Runs the script in this process, and after some steps prints the time and stops it as an operator would."""
    import keras

    step_ended, steps = keras.callbacks.CallbackList.on_train_batch_end, 0

    def watched(callbacks: keras.callbacks.CallbackList, *arguments: object) -> None:
        nonlocal steps
        step_ended(callbacks, *arguments)
        steps += 1
        if steps == last:
            print(f"stepped at {time.time()}", flush=True)
            os.kill(os.getpid(), signal.SIGTERM)

    keras.callbacks.CallbackList.on_train_batch_end = watched
    sys.argv = [str(_SCRIPT), *told]
    runpy.run_path(str(_SCRIPT), run_name="__main__")


def seconds(steps: int, told: list[str]) -> float:
    """Returns how long a process took to make so many steps, from its start on."""
    begun = time.time()
    command = [sys.executable, __file__, f"--child={steps}", "--", *told]
    environment = {**os.environ, "PYTHONPATH": str(_SCRIPT.parents[1]), "TF_CPP_MIN_LOG_LEVEL": "3"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_LONGEST)
    stepped = [line.split()[-1] for line in ended.stdout.splitlines() if line.startswith("stepped at")]
    if not stepped:
        sys.exit(f"{_SCRIPT.name} made no step:\n{ended.stdout[-1000:]}{ended.stderr[-2000:]}")
    return float(stepped[0]) - begun


def main() -> None:
    """Prints medians over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sentences", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("told", nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        return child(arguments.child, arguments.told)
    with tempfile.TemporaryDirectory() as root:
        train, late = Path(root, "train.conll"), int(0.9 * arguments.sentences / _BATCH)
        write(train, arguments.sentences)
        files = [f"--train={train}", f"--valid={train}", "--epochs=2", f"--batch_size={_BATCH}"]
        anew, on = [], []
        for number in range(arguments.rounds):
            interrupted = [*files, f"--workdir={root}/interrupted-{number}", "--resume"]
            seconds(late, interrupted)
            on.append(seconds(1, interrupted))
            anew.append(seconds(1, [*files, f"--workdir={root}/new-{number}"]))
        costs = [a - b for a, b in zip(on, anew, strict=True)]
        print(
            f"{arguments.sentences:,} sentences, gone on with after {late} steps: first step after "
            f"{statistics.median(on):.1f} s, of a new run after {statistics.median(anew):.1f} s; "
            f"going on costs {statistics.median(costs):+.1f} s"
        )
    return None


if __name__ == "__main__":
    main()
