"""The captioner's own flags."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_table_without_a_list_to_learn_from_is_not_left_aside_for_the_sample():
    command = [sys.executable, "recipes/captioning.py", "--captions=captions.tsv", "--images=images"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1
    assert "error: --captions and --images go with --train" in run.stderr
