"""`recipes/char_lm.py`, from a file to its export; in this process, to be quick."""

import importlib.util
import json
from pathlib import Path

import pytest
from absl.testing import flagsaver

from zoo.running import flags

SCRIPT = Path(__file__).parents[2] / "recipes" / "char_lm.py"
TINY = {"units": 4, "embedding_dim": 4, "window": 16, "batch_size": 2, "min_count": 1}


@pytest.fixture(scope="module")
def script():
    """Runs the script's `main` with some flags."""
    if "recipe" not in flags._FLAGS:
        flags.define("lstm_char_lm")
    others = set(flags._FLAGS)
    spec = importlib.util.spec_from_file_location("char_lm_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        with flagsaver.flagsaver():
            flags._FLAGS(["char_lm.py", "--recipe=lstm_char_lm", *arguments])
            module.main(flags.options())

    yield run
    for name in set(flags._FLAGS) - others:  # other scripts, tested in this process too, have flags of these names
        delattr(flags._FLAGS, name)


@pytest.mark.parametrize("labels", [False, True])
def test_the_script_does_the_whole_job(script, labels, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("train.txt").write_text("".join(f"{'odd' if n % 2 else 'even'}\tline {n} .\n" for n in range(20)))
    settings = (f"--set={name}={value}" for name, value in TINY.items())
    script("--train=train.txt", "--epochs=1", "--workdir=w", "--length=5", f"--labels={labels}", *settings)
    printed = capsys.readouterr().out
    assert "'The apple and pear salad': log P = -" in printed
    assert "validation: nats per token " in printed
    assert json.loads(Path("w/metrics.json").read_text())["bits_per_character"] > 0
    state = json.loads(Path("w/checkpoints/epoch-0001/state.json").read_text())
    assert f"labels={labels}" in state["data"]
    assert "<html" in Path("w/predictions.html").read_text()
    assert Path("w/export/1/saved_model.pb").is_file()
