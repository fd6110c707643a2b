"""The code of docs/embeddings.md runs as it is printed, but for the number of epochs, to be quick."""

import re
from pathlib import Path

from zoo.embeddings import WordVectors

GUIDE = Path(__file__).parents[2] / "docs" / "embeddings.md"


def test_the_guide_runs_as_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    names = {}
    for block in blocks:
        exec(compile(block.replace("epochs=10", "epochs=2"), str(GUIDE), "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    shown = [
        line for part in re.findall(r"^```text\n(.*?)^```", text, re.DOTALL | re.MULTILINE) for line in part.split("\n")
    ]
    # Figures differ with the version of Python, whose reference is the text, and with the machine.
    assert [line.split(" ")[0] for line in printed][2:] == [line.split(" ")[0] for line in shown if line][10:]
    assert printed[1].startswith("epoch 2/2: loss ")
    assert printed[-1] == shown[-2]
    assert WordVectors.load("python.bin").words == names["same"].words == names["vectors"].words
    assert names["rows"].shape == names["scores"].shape == (1000, 5)
    assert names["scores"][:, 0].mean() > 0.5
    assert (tmp_path / "map.png").stat().st_size > 10_000
    assert (tmp_path / "logs/words/projector_config.pbtxt").exists()
    assert not names["tagger"].config.train_word_vectors
