"""`recipes/captioning.py`, from files to its export, in this process, to be quick; and what its flags refuse."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from absl.testing import flagsaver
from PIL import Image

from zoo.running import flags

ROOT = Path(__file__).parents[2]
TINY = {
    "image_size": 8, "encoder_widths": 8, "word_dim": 4, "units": 4, "attention_units": 4, "max_words": 3,
    "beam_width": 1, "batch_size": 4,
}  # fmt: skip
COLOURS = ("red", "green", "blue", "white")


def test_the_script_does_the_whole_job(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    for colour in COLOURS:
        Image.new("RGB", (8, 8), colour).save(tmp_path / "images" / f"{colour}.png")
    for name in ("train.tsv", "valid.tsv"):
        (tmp_path / name).write_text("".join(f"{colour}.png\t0\tit is {colour}\n" for colour in COLOURS))
    if "recipe" not in flags._FLAGS:
        flags.define("cnn_lstm_caption")
    others = set(flags._FLAGS)
    spec = importlib.util.spec_from_file_location("captioning_script", ROOT / "recipes" / "captioning.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with flagsaver.flagsaver():
        settings = (f"--set={name}={value}" for name, value in TINY.items())
        files = ("--train=train.tsv", "--valid=valid.tsv", "--epochs=1", "--workdir=w")
        flags._FLAGS(["captioning.py", "--recipe=cnn_lstm_caption", *files, *settings])
        script.main(flags.options())
    for name in set(flags._FLAGS) - others:  # other scripts, tested in this process too, have flags of these names
        delattr(flags._FLAGS, name)
    printed = capsys.readouterr().out
    assert "validation: BLEU-1 " in printed
    assert ", CIDEr " in printed
    assert "training images a second (in the only epoch, compiling included)" in printed
    page = (tmp_path / "w" / "predictions.html").read_text()
    assert page.count('<img src="data:image/png;base64,') == len(COLOURS)
    assert "it is white" in page
    assert {"bleu_4", "rouge_l", "cider", "perplexity"} <= set(
        json.loads((tmp_path / "w" / "metrics.json").read_text())
    )
    assert {"captions.png", "attention-0.png", "training_curve.png"} <= {path.name for path in Path("w").iterdir()}
    assert (tmp_path / "w" / "export" / "1" / "saved_model.pb").is_file()


def test_a_table_without_a_list_to_learn_from_is_not_left_aside_for_the_sample():
    command = [sys.executable, "recipes/captioning.py", "--captions=captions.tsv", "--images=images"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1
    assert "error: --captions and --images go with --train" in run.stderr
