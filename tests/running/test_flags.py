"""The flags of all scripts."""

import re
from pathlib import Path

import pytest
from absl.testing import flagsaver

from zoo import registry
from zoo.running import flags

ROOT = Path(__file__).parents[2]


@pytest.fixture
def read():
    """Reads a command line."""
    if "recipe" not in flags._FLAGS:
        flags.define("lstm_ner")

    def read(*arguments, runs="lstm_ner"):
        with flagsaver.flagsaver():
            flags._FLAGS(["script.py", *arguments])
            return flags.options(runs)

    return read


def test_the_script_of_every_recipe_is_known():
    for name in registry.names():
        task = registry.config(name).task
        script = (ROOT / flags._SCRIPTS[task.rpartition(":")[2]]).read_text(encoding="utf-8")
        default = re.search(r"script\.start\(\"(\w+)\"", script)[1]
        assert registry.config(default).task == task


def test_a_script_runs_the_recipes_of_its_task_alone(read, monkeypatch):
    assert read("--recipe=lstm_word_lm", runs="lstm_char_lm").recipe == "lstm_word_lm"
    with pytest.raises(ValueError, match=r"--recipe=lstm_ner is run by recipes/ner\.py"):
        read("--recipe=lstm_ner", runs="lstm_char_lm")
    monkeypatch.delitem(flags._SCRIPTS, "Tagger")  # as for a recipe that someone registers elsewhere
    with pytest.raises(ValueError, match="--recipe=lstm_ner: this script runs lstm_char_lm, lstm_word_lm"):
        read("--recipe=lstm_ner", runs="lstm_char_lm")


def test_what_is_not_a_number_is_refused():
    parser = flags._Number(lower_bound=0.0, upper_bound=2.0)
    assert parser.parse("1.5") == 1.5
    for text in ("nan", "inf", "-1", "3"):
        with pytest.raises(ValueError, match="is not a number in the range"):
            parser.parse(text)
    assert flags._Number(lower_bound=0.0).parse("inf") == float("inf")  # as for --save_every: never


def test_any_flag_makes_a_run_no_demo(read):
    if "of_a_script" not in flags._FLAGS:
        flags.define_number("of_a_script", None, "A flag that one script alone has.")
    assert read("--recipe=lstm_ner", "--of_a_script=1").given == ("of_a_script", "recipe")
    assert not read("--recipe=lstm_ner", "--of_a_script=1").demo
