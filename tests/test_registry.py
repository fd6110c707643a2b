import subprocess
import sys

import pytest

import zoo
from zoo import registry
from zoo.config.fields import field_types
from zoo.config.tagger import TaggerConfig

WITHOUT_TENSORFLOW = """
import sys
import zoo
print(zoo.names())
print(zoo.describe("lstm_ner").splitlines()[0])
print(zoo.registry.config("lstm_ner", units=7).units)
print([name for name in ("tensorflow", "keras", "numpy") if name in sys.modules])
"""


def test_names_and_descriptions_need_no_tensorflow():
    child = subprocess.run([sys.executable, "-c", WITHOUT_TENSORFLOW], capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr[-2000:]
    names, summary, units, loaded = child.stdout.splitlines()
    assert "'lstm_ner'" in names
    assert summary.startswith("lstm_ner: Named entities")
    assert units == "7"
    assert loaded == "[]"


def test_a_recipe_is_registered_under_its_function_name(monkeypatch):
    monkeypatch.setattr(registry, "_RECIPES", {})

    @registry.recipe
    def tiny() -> TaggerConfig:
        """Small.

        And more about it.
        """
        return TaggerConfig(units=3)

    assert registry.names() == ["tiny"]
    assert registry.config("tiny").units == 3
    assert registry.config("tiny", units=4, depth=2) == TaggerConfig(units=4, depth=2)
    assert registry.summary("tiny") == "Small."
    assert tiny().units == 3


def test_a_name_is_taken_only_once(monkeypatch):
    monkeypatch.setattr(registry, "_RECIPES", dict(registry._RECIPES))

    def lstm_ner() -> TaggerConfig:
        """Another."""
        return TaggerConfig(units=1)

    with pytest.raises(ValueError, match=r"'lstm_ner' is already registered by zoo\.catalog\.ner"):
        registry.recipe(lstm_ner)
    assert registry.config("lstm_ner").units != 1


def test_a_recipe_says_what_it_is_for(monkeypatch):
    monkeypatch.setattr(registry, "_RECIPES", {})

    def silent() -> TaggerConfig:
        return TaggerConfig()

    with pytest.raises(ValueError, match="'silent' has no docstring"):
        registry.recipe(silent)
    assert registry.names() == []


@pytest.mark.parametrize("ask", [registry.config, zoo.describe, zoo.get, registry.summary])
def test_an_unknown_name_suggests_the_nearest_or_lists_all(ask):
    with pytest.raises(ValueError, match=r"no recipe is called 'lstm_nre': did you mean 'lstm_ner'\?"):
        ask("lstm_nre")
    with pytest.raises(ValueError, match=r"no recipe is called '': there are .*lstm_ner"):
        ask("")


def test_wrong_overrides_are_refused_before_anything_is_made():
    with pytest.raises(ValueError, match="TaggerConfig has no field 'unit': did you mean 'units'"):
        zoo.get("lstm_ner", unit=3)
    with pytest.raises(ValueError, match=r"TaggerConfig\.cell is 'rnn'; allowed: 'elman' \| "):
        zoo.get("lstm_ner", cell="rnn")
    with pytest.raises(TypeError, match=r"TaggerConfig\.units is '3'"):
        zoo.get("lstm_ner", units="3")


@pytest.mark.parametrize("name", zoo.names())
def test_a_description_lists_every_field_with_its_default(name):
    config = zoo.registry.config(name)
    described = zoo.describe(name)
    assert described.startswith(f"{name}: {registry.summary(name)}\n")
    lines = [line.strip() for line in described.splitlines()]
    for field in field_types(type(config)):
        assert [line for line in lines if line.startswith(f"{field} = {getattr(config, field)!r}  (")], field


def test_get_makes_a_compiled_task_of_the_recipe():
    task = zoo.get("lstm_ner", units=7, learning_rate=0.125)
    assert type(task).__name__ == "Tagger"
    assert task.config == zoo.registry.config("lstm_ner", units=7, learning_rate=0.125)
    assert task.compiled
    assert float(task.optimizer.learning_rate) == 0.125
    assert task.network is None


def test_the_front_door_opens_every_room_it_names():
    for name in zoo.__all__:
        assert getattr(zoo, name) is not None
        assert name in dir(zoo)
    with pytest.raises(AttributeError, match="module 'zoo' has no attribute 'kitchen'"):
        zoo.kitchen  # noqa: B018
