"""How even the control periods between two observations are."""

from __future__ import annotations

from deploy.runtime.link.base import Observation

__all__ = ["UNEVEN_DT", "period_ratio"]

UNEVEN_DT = 0.4
"""A single period this far off, relatively, makes no transition to learn from."""


def period_ratio(before: Observation, observation: Observation, dt_ns: int) -> float:
    """Mean period between two observations, of rising numbers, over the control period."""
    count = observation.sequence - before.sequence
    return (observation.stamp_ns - before.stamp_ns) / (count * dt_ns)
