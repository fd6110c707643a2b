"""Typed, checked and parseable fields for the frozen dataclasses of this room."""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, Union

C = TypeVar("C", bound="Config")


@dataclasses.dataclass(frozen=True)
class Range:
    """Bounds of a numeric field, written as `Annotated[float, Range(0, 1)]`.

    Attributes:
        low: Smallest allowed value.
        high: Largest allowed value, or None for no limit.
    """

    low: float
    high: float | None = None

    def __contains__(self, value: float) -> bool:
        """Whether `value` lies within the bounds, ends included."""
        return value >= self.low and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        """How an error message names the range."""
        return f"at least {self.low}" if self.high is None else f"between {self.low} and {self.high}"


class Config:
    """Base of every configuration: checks each field's type and range when made.

    Subclasses are frozen dataclasses whose fields are annotated with `int`, `float`, `bool`, `str`, `Literal[...]`,
    `X | None` or `tuple[int, ...]`, optionally inside `Annotated[..., Range(low, high)]`.
    """

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is out of range or not one of the allowed words.
        """
        hints = field_types(type(self))
        for field in dataclasses.fields(self):
            value = _checked(hints[field.name], getattr(self, field.name), f"{type(self).__name__}.{field.name}")
            object.__setattr__(self, field.name, value)

    def replace(self: C, **changes: Any) -> C:
        """Returns a copy with some fields changed.

        Args:
            **changes: New values by field name.

        Raises:
            ValueError: No such field (the message names the nearest one), or the value is not allowed.
            TypeError: The value has the wrong type.
        """
        for name in changes:
            _known(type(self), name)
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as a JSON-ready dictionary."""
        return {
            f.name: list(v) if isinstance(v := getattr(self, f.name), tuple) else v for f in dataclasses.fields(self)
        }

    @classmethod
    def from_dict(cls: type[C], values: Mapping[str, Any]) -> C:
        """Makes a configuration from what `to_dict` returned.

        Args:
            values: Field values by name; absent fields take their defaults.

        Raises:
            ValueError: An unknown field or a value that is not allowed.
        """
        for name in values:
            _known(cls, name)
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def field_types(config_class: type[Config]) -> dict[str, Any]:
    """Returns the resolved annotation of every field of `config_class`, in order."""
    hints = typing.get_type_hints(config_class, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(config_class)}


def parse_assignments(config_class: type[Config], assignments: Iterable[str]) -> dict[str, Any]:
    """Turns `["units=256", "cell=gru"]` into typed field values.

    Args:
        config_class: The configuration whose fields are set.
        assignments: Strings of the form `field=value`; `none` stands for None, `1,2,3` for a tuple.

    Raises:
        ValueError: Not of that form, an unknown field, or a value of another type; the message says what is allowed.
    """
    hints = field_types(config_class)
    values = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals:
            raise ValueError(f"--set {assignment!r}: write field=value, for example units=256")
        _known(config_class, name)
        values[name] = _parsed(hints[name], text.strip(), f"{config_class.__name__}.{name}")
    return values


def check_increasing(config: Config, name: str) -> None:
    """Checks that a field holds whole numbers above 0, each above the one before.

    Raises:
        ValueError: It does not.
    """
    values = getattr(config, name)
    if any(low >= high for low, high in zip((0, *values), values, strict=False)):
        raise ValueError(
            f"{type(config).__name__}.{name} is {values!r}; allowed: whole numbers above 0, each above the last"
        )


def allowed(hint: Any) -> str:
    """Says in words what an annotation admits, for example `'crf' | 'softmax'` or `int, at least 1`."""
    hint, bounds = _unwrap(hint)
    origin = typing.get_origin(hint)
    if origin is Literal:
        return " | ".join(repr(word) for word in typing.get_args(hint))
    if origin in (Union, types.UnionType):
        return " | ".join(allowed(a) for a in typing.get_args(hint))
    if origin is tuple:
        return f"tuple of {allowed(typing.get_args(hint)[0])}"
    if hint is type(None):
        return "None"
    return hint.__name__ if bounds is None else f"{hint.__name__}, {bounds}"


def _known(config_class: type[Config], name: str) -> None:
    names = [field.name for field in dataclasses.fields(config_class)]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"its fields are {', '.join(names)}"
        raise ValueError(f"{config_class.__name__} has no field {name!r}: {hint}")


def _unwrap(hint: Any) -> tuple[Any, Range | None]:
    """Splits `Annotated[type, Range(...)]` into the type and the range."""
    if typing.get_origin(hint) is typing.Annotated:
        base, *extras = typing.get_args(hint)
        return base, next((e for e in extras if isinstance(e, Range)), None)
    return hint, None


def _checked(hint: Any, value: Any, where: str) -> Any:
    """Returns `value` as the annotated type (an int becomes a float where one is due), or raises."""
    base, bounds = _unwrap(hint)
    origin = typing.get_origin(base)
    wrong = f"{where} is {value!r}; allowed: {allowed(hint)}"
    if origin is Literal:
        if value not in typing.get_args(base):
            raise ValueError(wrong)
        return value
    if origin in (Union, types.UnionType):
        members = typing.get_args(base)
        if value is None and type(None) in members:
            return None
        return _checked(next(m for m in members if m is not type(None)), value, where)
    if origin is tuple:
        if not isinstance(value, (tuple, list)):
            raise TypeError(wrong)
        return tuple(_checked(typing.get_args(base)[0], item, where) for item in value)
    if base is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, base) or (base is int and isinstance(value, bool)):
        raise TypeError(wrong)
    if (bounds is not None and value not in bounds) or (base is float and not math.isfinite(value)):
        raise ValueError(wrong)
    return value


def _parsed(hint: Any, text: str, where: str) -> Any:
    """Reads a field's value from a command line."""
    base, _ = _unwrap(hint)
    origin = typing.get_origin(base)
    if origin in (Union, types.UnionType):
        if text.lower() == "none":
            return None
        return _parsed(next(m for m in typing.get_args(base) if m is not type(None)), text, where)
    if origin is tuple:
        return tuple(_parsed(typing.get_args(base)[0], part.strip(), where) for part in text.split(",") if part.strip())
    if base is bool:
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if text.lower() not in words:
            raise ValueError(f"{where} is {text!r}; allowed: true | false")
        return words[text.lower()]
    if base in (int, float):
        try:
            return base(text)
        except ValueError:
            raise ValueError(f"{where} is {text!r}; allowed: {allowed(hint)}") from None
    return text
