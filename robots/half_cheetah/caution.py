"""What planners for the half-cheetah keep away from: rolling over, from where returning is hard."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from robots.half_cheetah.constants import SAFE_UPRIGHT, UNEASE

__all__ = ["PITCH", "unease", "unsafe"]

PITCH = 1
"""Index of the pitch in the observation."""


def unsafe(observation: Any) -> Any:
    """Pitched so far that it will roll over; `[..., S] -> bool [...]`."""
    return _upright(observation) < SAFE_UPRIGHT


def unease(observation: Any) -> Any:
    """Cost of the pitch, in units of reward; `[..., S] -> [...]`."""
    return UNEASE * (1 - _upright(observation))


def _upright(observation: Any) -> Any:
    return array_namespace(observation).cos(observation[..., PITCH])
