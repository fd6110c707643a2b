"""Runs in a fresh process: loads what `test_recipes` wrote and prints what it answers, as JSON."""

import json
import sys
from pathlib import Path

import tensorflow as tf

# The export comes first: it must answer without this package.
folder, jobs = Path(sys.argv[1]), json.loads(sys.stdin.read())
answers = {}
for name, requests in jobs.items():
    serve = tf.saved_model.load(str(folder / name / "1")).signatures["serving_default"]
    tags = serve(text=tf.constant(requests))["tags"].numpy()
    answers[name] = {"export": [[tag.decode() for tag in row if tag] for row in tags]}
assert "zoo" not in sys.modules

import zoo  # noqa: E402

for name, requests in jobs.items():
    answers[name]["keras"] = [answer.tags for answer in zoo.load(folder / f"{name}.keras").predict(requests)]
print(json.dumps(answers))
