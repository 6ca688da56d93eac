"""From a planner's dataclass to widgets: one for each field, with a sensible range."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, get_args, get_type_hints

from controllers import SamplingPlanner
from controllers.registry import planner_class

__all__ = ["Setting", "settings_of"]

_RANGES: dict[str, tuple[float, float, float]] = {
    "candidates": (10, 1000, 10),
    "horizon": (2, 60, 1),
    "iterations": (1, 10, 1),
    "elites": (1, 100, 1),
    "keep": (0, 50, 1),
    "knots": (0, 20, 1),
    "std": (0.05, 2.0, 0.05),
    "std_min": (0.01, 1.0, 0.01),
    "colour": (0.0, 4.0, 0.1),
    "momentum": (-1.5, 0.95, 0.05),
    "decay": (1.0, 3.0, 0.05),
    "temperature": (0.01, 2.0, 0.01),
    "std_decay": (0.1, 1.0, 0.05),
    "terminal": (0.0, 1.5, 0.05),
    "halve_every": (0, 20, 1),
    "caution": (0.0, 10.0, 0.1),
}
"""Least, greatest and step of the slider; a field that is not here gets a plain number box."""


@dataclass(frozen=True)
class Setting:
    """A field of a planner, as a widget.

    Attributes:
        name: of the field.
        default: its default.
        choices: what it may be, if that is a list of words.
        range: least, greatest, step of its slider; None: any number.
        hint: what it does, from the planner's docstring.
    """

    name: str
    default: Any
    choices: tuple[str, ...] = ()
    range: tuple[float, float, float] | None = None
    hint: str = ""


def settings_of(name: str) -> tuple[Setting, ...]:
    """The settings of the planner of that name, in the order of its fields."""
    cls = planner_class(name)
    types, hints = get_type_hints(cls), _hints(cls)
    return tuple(
        Setting(
            field.name,
            field.default,
            choices=tuple(map(str, get_args(types[field.name]))),
            range=_RANGES.get(field.name),
            hint=hints.get(field.name, ""),
        )
        for field in fields(cls)
    )


def _hints(cls: type[SamplingPlanner]) -> dict[str, str]:
    """What the docstrings of a class and its bases say of each attribute."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        _, _, listed = (base.__doc__ or "").partition("Attributes:")
        for name, words in re.findall(r"^\s+(\w+): (.*(?:\n {12}.*)*)", listed, re.MULTILINE):
            found[name] = " ".join(words.split())
    return found
