"""Runs in a fresh process: loads what `test_recipes` wrote and prints what it answers, as JSON."""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

# The export comes first: it must answer without this package.
folder, jobs = Path(sys.argv[1]), json.loads(sys.stdin.read())
answers = {}


def plain(value):
    """Bytes as text, numbers as they are; of an array of strings, what is not padding."""
    if isinstance(value, bytes):
        return value.decode()
    return [plain(part) for part in value if part] if isinstance(value, np.ndarray) else float(value)


for job in jobs.values():
    job[0] = [base64.b64decode(each["base64"]) if isinstance(each, dict) else each for each in job[0]]

for name, (requests, given, _, output) in jobs.items():
    serve = tf.saved_model.load(str(folder / name / "1")).signatures["serving_default"]
    asked = tf.ragged.constant(requests).to_tensor() if isinstance(requests[0], list) else tf.constant(requests)
    answers[name] = {"export": [plain(row) for row in serve(**{given: asked})[output].numpy()]}
assert "zoo" not in sys.modules

import zoo  # noqa: E402

for name, (requests, _, answer_name, _) in jobs.items():
    answers[name]["keras"] = [
        getattr(answer, answer_name) for answer in zoo.load(folder / f"{name}.keras").predict(requests)
    ]
print(json.dumps(answers))
