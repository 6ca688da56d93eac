"""Setting values from text or from Python, checked against the fields of a frozen dataclass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from controllers.errors import PlannerError, require

__all__ = ["UNSAID", "checked_fields", "parse_field", "setting_names"]

UNSAID: Mapping[str, Any] = {"unsaid": True}
"""Metadata of a setting that joined later: while it has its default it is left out where settings
are spelled out, so that what was named before it existed keeps its name."""


def setting_names(cls: type[Any]) -> tuple[str, ...]:
    """The names of the settings of `cls`, in order."""
    return tuple(f.name for f in fields(cls))


def checked_fields(cls: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with each one of its field's type.

    Raises:
        PlannerError: for a field that `cls` does not have, or a value of the wrong type.
    """
    hints = get_type_hints(cls)
    names = setting_names(cls)
    for name in values:
        require(name in names, "setting", name, ", ".join(names))
    return {name: _checked(name, hints[name], value) for name, value in values.items()}


def parse_field(cls: type[Any], name: str, text: str) -> Any:
    """The value of one field from its text.

    Raises:
        PlannerError: for an unknown field or text that is not of the field's type.
    """
    names = setting_names(cls)
    require(name in names, "setting", name, ", ".join(names))
    kind = get_type_hints(cls)[name]
    if get_origin(kind) is Literal:
        return _checked(name, kind, text)
    try:
        return _checked(name, kind, kind(text))
    except PlannerError:
        raise
    except ValueError:
        require(False, name, text, _allowed(kind))


def _allowed(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(get_args(kind))
    return {int: "integers", float: "finite numbers"}[kind]


def _checked(name: str, kind: Any, value: Any) -> Any:
    if get_origin(kind) is Literal:
        require(value in get_args(kind), name, value, _allowed(kind))
        return value
    if kind is int:
        require(type(value) is int, name, value, _allowed(kind))
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    require(number and math.isfinite(value), name, value, _allowed(kind))
    return float(value)
