"""Whether a planner can be begun with: the search knows settings by what it searches alone.

A start is proposed as searched values. What is not searched (`execute`, `std_min`) would be
forgotten, and what lies outside the limits moved inside: another planner than the one that was
named.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from optuna.distributions import FloatDistribution, IntDistribution

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.space import Space
from controllers import SamplingPlanner, format_planner

__all__ = ["changed", "check_start", "start_lines"]

_SHARES = {
    "elites": ("elite_share", "candidates"),
    "keep": ("keep_share", "elites"),
    "knots": ("knot_share", "horizon"),
    "halve_every": ("halving_share", "horizon"),
}
"""Field: the share that is searched in its place, and of what."""

_WITH_VALUE = ("terminal", "halve_every")
"""Searched only where the model has a terminal value."""

_ROUNDED = 0.005
"""Searched numbers keep three digits."""


def _begun_as(space: Space, planner: SamplingPlanner) -> SamplingPlanner:
    """The planner that the search would begin with in place of this one."""
    values = space.values(Setting(format_planner(planner), space.trained))
    return space.setting(planner.name, values).parsed


def changed(space: Space, planner: SamplingPlanner) -> str | None:
    """The first field of a planner that the search would begin with otherwise; None: none."""
    begun = _begun_as(space, planner)
    for field in fields(planner):
        if not _equal(getattr(planner, field.name), getattr(begun, field.name)):
            return field.name
    return None


def check_start(space: Space, planner: SamplingPlanner) -> None:
    """Refuse a planner that the search cannot begin with as it is.

    Raises:
        AdaptiveControlError: names the field, its value, and what is searched.
    """
    name = changed(space, planner)
    if name is not None:
        nearest = getattr(_begun_as(space, planner), name)
        raise AdaptiveControlError(
            f"start: {name}={getattr(planner, name)} of {planner.name} is not searched, the "
            f"nearest is {nearest}; allowed: {_allowed(space, planner.name, name, nearest)}"
        )


def start_lines(space: Space) -> list[str]:
    """Which planners the search begins with otherwise than they are, in words."""
    moved = [planner for planner in space.first if changed(space, planner)]
    return [
        f"start: {format_planner(planner)} is not within what is searched; the search begins with "
        f"{format_planner(_begun_as(space, planner))}"
        for planner in moved
    ]


def _allowed(space: Space, kind: str, name: str, only: Any) -> str:
    searched, whole = _SHARES.get(name, (name, ""))
    distribution = space.distributions(kind).get(searched)
    if isinstance(distribution, IntDistribution | FloatDistribution):
        of = f" of {whole}" if whole else ""
        return f"{distribution.low:g} to {distribution.high:g}{of}"
    return f"{only}, as the model has no terminal value" if name in _WITH_VALUE else f"{only}"


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=_ROUNDED, abs_tol=1e-9)
    return one == other
