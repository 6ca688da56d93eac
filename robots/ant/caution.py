"""What planners for the ant keep away from, for numpy arrays and torch tensors alike."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from robots.ant.constants import (
    LEAP_SPEED,
    LEAP_UNEASE,
    LEAST_HEIGHT,
    SAFE_HEIGHT,
    SAFE_UPRIGHT,
    UNEASE,
)
from robots.ant.reward import HEIGHT, UP_Z, VELOCITY_Z

__all__ = ["unease", "unsafe"]


def unsafe(observation: Any) -> Any:
    """Low, high or tilted, short of a fall; `[..., S] -> bool [...]`."""
    height = observation[..., HEIGHT]
    off = (height < LEAST_HEIGHT) | (height > SAFE_HEIGHT)
    return off | (observation[..., UP_Z] < SAFE_UPRIGHT)


def unease(observation: Any) -> Any:
    """Cost of a tilt and of a leap, in units of reward; `[..., S] -> [...]`."""
    xp = array_namespace(observation)
    leap = observation[..., VELOCITY_Z] - LEAP_SPEED
    leap = xp.where(leap > 0, leap, xp.zeros_like(leap))
    return UNEASE * (1 - observation[..., UP_Z]) + LEAP_UNEASE * leap * leap
