"""The README promises two commands and a table of recipes: both are held to the code."""

import re
from pathlib import Path

import pytest

import zoo
from zoo.registry import summary

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title):
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_quick_start_is_two_commands_of_one_line():
    commands = re.findall(r"^```\w*\n(.*?)^```", section("Quick start"), re.DOTALL | re.MULTILINE)
    assert [command.count("\n") for command in commands] == [1, 1]
    assert "recipes/ner.py" in commands[0]
    assert "pytest" in commands[1]


def test_the_table_of_recipes_is_the_registry():
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section("Recipes"), re.MULTILINE)
    assert rows == [(name, summary(name)) for name in zoo.names()]


@pytest.mark.parametrize("path", re.findall(r"`((?:recipes|benchmarks|docs)/[\w./]+)`", README) or ["missing"])
def test_every_file_that_is_named_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("line", sorted(set(re.findall(r"recipes/\w+\.py.*--set .*", README))))
def test_every_setting_that_is_shown_is_allowed(line):
    from zoo.config.fields import parse_assignments

    script = (ROOT / re.search(r"recipes/\w+\.py", line)[0]).read_text("utf-8")
    config = type(zoo.registry.config(re.search(r'script\.start\("(\w+)"', script)[1]))
    settings = re.findall(r"--set (\w+=[\w.]+)", line)
    assert settings
    assert config(**parse_assignments(config, settings))


def test_the_python_examples_use_names_that_exist():
    source = "\n".join(re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE))
    compile(source, "README.md", "exec")
    for name in set(re.findall(r"\bzoo\.([\w.]+)", source)):
        value = zoo
        for part in name.split("."):
            value = getattr(value, part)
        assert value is not None


@pytest.mark.parametrize(
    "program", sorted(path.name for path in (ROOT / "benchmarks").glob("*.py") if "app.run(" in path.read_text("utf-8"))
)
def test_every_benchmark_is_named(program):
    assert f"benchmarks/{program}" in README
