"""Planners by name. A new planner is one file and one line here."""

from __future__ import annotations

from typing import Any

from controllers.cem import CEM
from controllers.errors import PlannerError, require
from controllers.fields import checked_fields
from controllers.icem import ICEM
from controllers.mppi import MPPI
from controllers.planner import SamplingPlanner
from controllers.random_shooting import RandomShooting

__all__ = ["make_planner", "planner_class", "planner_names"]

_PLANNERS: dict[str, type[SamplingPlanner]] = {
    "random-shooting": RandomShooting,
    "cem": CEM,
    "icem": ICEM,
    "mppi": MPPI,
}


def planner_names() -> tuple[str, ...]:
    """The names that `make_planner` knows."""
    return tuple(_PLANNERS)


def planner_class(name: str) -> type[SamplingPlanner]:
    """The class of settings behind a name.

    Raises:
        PlannerError: for an unknown name; lists the known ones.
    """
    require(name in _PLANNERS, "planner", name, ", ".join(_PLANNERS))
    return _PLANNERS[name]


def make_planner(name: str, /, **overrides: Any) -> SamplingPlanner:
    """A planner with its default settings, some of them replaced.

    Raises:
        PlannerError: for an unknown name or field, or a value that is not allowed.
    """
    cls = planner_class(name)
    try:
        return cls(**checked_fields(cls, overrides))
    except PlannerError as error:
        raise PlannerError(f"planner {name}: {error}") from None
