"""Runs in a fresh process: loads what `test_recipes` wrote and prints what it answers, as JSON."""

import json
import sys
from pathlib import Path

import tensorflow as tf

# The export comes first: it must answer without this package.
folder, jobs = Path(sys.argv[1]), json.loads(sys.stdin.read())
answers = {}


def text(value):
    """Bytes as text; of an array, what is not padding."""
    return value.decode() if isinstance(value, bytes) else [text(part) for part in value if part]


for name, (requests, output) in jobs.items():
    serve = tf.saved_model.load(str(folder / name / "1")).signatures["serving_default"]
    answers[name] = {"export": [text(row) for row in serve(text=tf.constant(requests))[output].numpy()]}
assert "zoo" not in sys.modules

import zoo  # noqa: E402

for name, (requests, output) in jobs.items():
    answers[name]["keras"] = [
        getattr(answer, output) for answer in zoo.load(folder / f"{name}.keras").predict(requests)
    ]
print(json.dumps(answers))
