"""What planners for the A1 keep away from, for numpy arrays and torch tensors alike."""

from __future__ import annotations

from typing import Any

from robots import free_body
from robots.a1.constants import LEAP_SPEED, LEAP_UNEASE, SAFE_HEIGHT, SAFE_UPRIGHT, UNEASE
from robots.a1.reward import HEIGHT, UP_Z, VELOCITY_Z

__all__ = ["unease", "unsafe"]


def unsafe(observation: Any) -> Any:
    """Low or tilted, short of a fall; `[..., S] -> bool [...]`."""
    return (observation[..., HEIGHT] < SAFE_HEIGHT) | (observation[..., UP_Z] < SAFE_UPRIGHT)


def unease(observation: Any) -> Any:
    """Cost of a tilt and of a leap, in units of reward; `[..., S] -> [...]`."""
    return free_body.unease(
        observation[..., UP_Z], observation[..., VELOCITY_Z],
        tilt=UNEASE, leap_speed=LEAP_SPEED, leap=LEAP_UNEASE,
    )  # fmt: skip
