"""Recipe names and what stands behind them.

A recipe is a function that takes nothing and returns a frozen configuration; its name is its key. This module knows no
TensorFlow: the task class is imported when a model is made.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from zoo.config.fields import allowed, field_types
from zoo.config.training import TrainingConfig

if TYPE_CHECKING:
    from zoo.models.task import Task

Recipe = TypeVar("Recipe", bound=Callable[[], TrainingConfig])

_RECIPES: dict[str, Callable[[], TrainingConfig]] = {}


def recipe(function: Recipe) -> Recipe:
    """Registers a function that returns a configuration, under its own name.

    Raises:
        ValueError: The name is taken, or the function has no docstring.
    """
    name = function.__name__
    if name in _RECIPES:
        other = _RECIPES[name]
        raise ValueError(f"recipe {name!r} is already registered by {other.__module__}: choose another name")
    if not function.__doc__:
        raise ValueError(f"recipe {name!r} has no docstring: its first line is what describe() and the README show")
    _RECIPES[name] = function
    return function


def names() -> list[str]:
    """Returns the names of all recipes, sorted. Loads no TensorFlow."""
    return sorted(_RECIPES)


def config(name: str, **overrides: Any) -> TrainingConfig:
    """Returns a recipe's configuration.

    Args:
        name: A name that `names()` lists.
        **overrides: Fields to change.

    Raises:
        ValueError: An unknown name or field (the nearest one is named), or a value that is not allowed.
        TypeError: A value of the wrong type.
    """
    if name not in _RECIPES:
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names())}"
        raise ValueError(f"no recipe is called {name!r}: {hint}")
    return _RECIPES[name]().replace(**overrides)


def summary(name: str) -> str:
    """Returns the first line of a recipe's docstring."""
    config(name)
    return (_RECIPES[name].__doc__ or "").strip().splitlines()[0]


def describe(name: str) -> str:
    """Returns a recipe's purpose and every field of its configuration: default and what is allowed."""
    settings = config(name)
    lines = [f"{name}: {summary(name)}", "", f"task: {settings.task.partition(':')[2]}", "fields:"]
    for field, hint in field_types(type(settings)).items():
        lines.append(f"  {field} = {getattr(settings, field)!r}  ({allowed(hint)})")
    return "\n".join(lines)


def get(name: str, **overrides: Any) -> Task:
    """Makes a recipe's model: compiled, ready for `fit` on raw records.

    Args:
        name: A name that `names()` lists.
        **overrides: Fields of the recipe's configuration to change.

    Returns:
        A `keras.Model` that takes raw text. Create it inside a strategy's scope to train under that strategy.

    Raises:
        ValueError: An unknown name or field, or a value that is not allowed.
        TypeError: A value of the wrong type.
    """
    settings = config(name, **overrides)
    module, _, task = settings.task.partition(":")
    return getattr(importlib.import_module(module), task)(settings)
