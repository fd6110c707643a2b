import dataclasses
import json
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from zoo.config.fields import Config, Range, allowed, field_types, parse_assignments


@dataclass(frozen=True)
class Recipe(Config):
    units: Annotated[int, Range(1)] = 8
    rate: Annotated[float, Range(0.0, 1.0)] = 0.5
    scale: float = 1.0
    deep: bool = False
    cell: Literal["lstm", "gru", "none"] = "lstm"
    path: str | None = None
    limit: Annotated[int, Range(1)] | None = None
    sizes: tuple[int, ...] = (1, 2)


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("units", 1, 1),
        ("rate", 0, 0.0),
        ("rate", 1, 1.0),
        ("deep", True, True),
        ("cell", "none", "none"),
        ("path", None, None),
        ("path", "", ""),
        ("limit", None, None),
        ("limit", 3, 3),
        ("sizes", [3, 4], (3, 4)),
        ("sizes", (), ()),
    ],
)
def test_allowed_values_are_kept_as_the_annotated_type(field, value, kept):
    result = getattr(Recipe(**{field: value}), field)
    assert result == kept
    assert type(result) is type(kept)


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("units", 0, ValueError),
        ("units", -3, ValueError),
        ("units", 8.0, TypeError),
        ("units", "8", TypeError),
        ("units", True, TypeError),
        ("units", None, TypeError),
        ("rate", 1.0001, ValueError),
        ("rate", float("nan"), ValueError),
        ("rate", True, TypeError),
        ("scale", float("nan"), ValueError),
        ("scale", float("inf"), ValueError),
        ("deep", 1, TypeError),
        ("deep", "true", TypeError),
        ("cell", "LSTM", ValueError),
        ("cell", None, ValueError),
        ("path", 3, TypeError),
        ("limit", 0, ValueError),
        ("limit", "none", TypeError),
        ("sizes", 3, TypeError),
        ("sizes", "12", TypeError),
        ("sizes", (1, "2"), TypeError),
        ("sizes", (1, 2.0), TypeError),
    ],
)
def test_other_values_are_refused_with_what_is_allowed(field, value, error):
    with pytest.raises(error) as refused:
        Recipe(**{field: value})
    message = str(refused.value)
    assert message.startswith(f"Recipe.{field} is ")
    assert "; allowed: " in message
    assert "\n" not in message


def test_fields_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().units = 3


def test_replace_changes_a_copy_and_checks_it():
    before = Recipe()
    assert before.replace(units=3, path="x") == Recipe(units=3, path="x")
    assert before == Recipe()
    with pytest.raises(ValueError, match="at least 1"):
        before.replace(units=0)


def test_an_unknown_field_suggests_the_nearest_or_lists_all():
    with pytest.raises(ValueError, match=r"^Recipe has no field 'unit': did you mean 'units'\?$"):
        Recipe().replace(unit=3)
    with pytest.raises(
        ValueError, match=r"'zzzzz': its fields are units, rate, scale, deep, cell, path, limit, sizes$"
    ):
        Recipe.from_dict({"zzzzz": 3})
    with pytest.raises(ValueError, match="did you mean 'cell'"):
        parse_assignments(Recipe, ["cel=gru"])


def test_dictionaries_go_through_json_and_back():
    recipe = Recipe(units=3, rate=0.25, deep=True, cell="gru", path="a/b", limit=9, sizes=(4, 5, 6))
    text = json.dumps(recipe.to_dict())
    assert Recipe.from_dict(json.loads(text)) == recipe
    assert Recipe.from_dict({"units": 3}) == Recipe(units=3)
    with pytest.raises(ValueError, match="allowed: 'lstm'"):
        Recipe.from_dict({"cell": "rnn"})


def test_assignments_become_typed_values():
    values = parse_assignments(
        Recipe,
        [
            "units=256",
            " rate = 1e-3",
            "deep=Yes",
            "cell=none",
            "path=a=b c",
            "limit=None",
            "sizes=8, 16,32,",
            "units=7",
        ],
    )
    assert values == {
        "units": 7,
        "rate": 0.001,
        "deep": True,
        "cell": "none",
        "path": "a=b c",
        "limit": None,
        "sizes": (8, 16, 32),
    }
    assert type(values["sizes"]) is tuple
    assert Recipe(**values).cell == "none"
    assert parse_assignments(Recipe, ["path=none", "limit=12", "deep=0", "sizes="]) == {
        "path": None,
        "limit": 12,
        "deep": False,
        "sizes": (),
    }
    assert parse_assignments(Recipe, []) == {}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("units", r"--set 'units': write field=value"),
        ("units=many", r"Recipe.units is 'many'; allowed: int, at least 1"),
        ("units=2.5", r"Recipe.units is '2.5'"),
        ("units=", r"Recipe.units is ''"),
        ("units=none", r"Recipe.units is 'none'"),
        ("rate=high", r"allowed: float, between 0.0 and 1.0"),
        ("limit=few", r"allowed: int"),
        ("deep=maybe", r"allowed: true \| false"),
        ("sizes=1,x", r"Recipe.sizes is 'x'"),
    ],
)
def test_assignments_that_cannot_be_read_say_why(assignment, message):
    with pytest.raises(ValueError, match=message):
        parse_assignments(Recipe, [assignment])


def test_annotations_in_words():
    hints = field_types(Recipe)
    assert list(hints) == [field.name for field in dataclasses.fields(Recipe)]
    assert {name: allowed(hint) for name, hint in hints.items()} == {
        "units": "int, at least 1",
        "rate": "float, between 0.0 and 1.0",
        "scale": "float",
        "deep": "bool",
        "cell": "'lstm' | 'gru' | 'none'",
        "path": "str | None",
        "limit": "int, at least 1 | None",
        "sizes": "tuple of int",
    }
