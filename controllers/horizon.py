"""The same planner, looking further or less far."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controllers.planner import SamplingPlanner

__all__ = ["at_horizon"]


def at_horizon(planner: SamplingPlanner, horizon: int) -> SamplingPlanner:
    """A planner with another horizon, and what is counted along it in proportion.

    Args:
        planner: its settings; knots of a spline stay as dense, and candidates are dropped at the
            same parts of the way.
        horizon: H, control steps.

    Raises:
        PlannerError: a horizon that no planner has.
    """
    changes: dict[str, Any] = {"horizon": horizon}
    knots = getattr(planner, "knots", 0)
    if knots:
        wanted = max(2, round(knots / planner.horizon * horizon))
        changes["knots"] = min(horizon, wanted) if horizon > 1 else 0
    if planner.halve_every:
        changes["halve_every"] = max(1, round(planner.halve_every / planner.horizon * horizon))
    return replace(planner, **changes)
