"""A planner as one word of text: `cem:candidates=200,horizon=15`."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from controllers.errors import PlannerError, require
from controllers.fields import parse_field
from controllers.planner import SamplingPlanner
from controllers.registry import make_planner, planner_class

__all__ = ["format_planner", "parse_planner"]


def parse_planner(text: str) -> SamplingPlanner:
    """The planner that `name` or `name:field=value,field=value` asks for.

    Raises:
        PlannerError: names the part that is wrong, and what is allowed.
    """
    name, colon, rest = text.strip().partition(":")
    cls = planner_class(name.strip())
    values: dict[str, Any] = {}
    for part in rest.split(",") if colon else ():
        field, equals, value = (piece.strip() for piece in part.partition("="))
        require(bool(field and equals and value), "planner", part.strip(), "field=value")
        require(field not in values, "setting", field, "each setting once")
        try:
            values[field] = parse_field(cls, field, value)
        except PlannerError as error:
            raise PlannerError(f"planner {cls.name}: {error}") from None
    return make_planner(cls.name, **values)


def format_planner(planner: SamplingPlanner) -> str:
    """The text that `parse_planner` reads back as `planner`, every setting spelled out.

    All but those that joined later and have their default (`controllers.fields.UNSAID`).
    """
    settings = (
        (f.name, getattr(planner, f.name))
        for f in fields(planner)
        if not f.metadata.get("unsaid") or getattr(planner, f.name) != f.default
    )
    return f"{planner.name}:" + ",".join(f"{name}={value}" for name, value in settings)
