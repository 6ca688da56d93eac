"""The slow trot that the A1's actions are added to.

Diagonal legs move together, half a cycle apart from the other two. A foot goes backwards under its
hip at an even speed while it is on the ground, then forwards on a cycloid:

    stance  x = stride (1/2 - s)                          z = -height
    swing   x = stride (w - sin(2 pi w) / (2 pi) - 1/2)   z = -height + lift (1 - cos(2 pi w)) / 2

with s and w from 0 to 1. The joint angles that put it there, for two segments of one length l:

    b = atan2(-x, -z)    a = arccos(|(x, z)| / 2 l)    thigh = b + a    calf = -2 a
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robots.a1.constants import (
    DUTY,
    GAIT_STEPS,
    HIP_HEIGHT,
    JOINTS,
    LEGS,
    LIFT,
    SEGMENT,
    STRIDE,
)

__all__ = ["trot"]

_OFFSETS = {"FR": 0.0, "FL": 0.5, "RR": 0.5, "RL": 0.0}
"""Where in the cycle each leg is when it begins; at 0 its foot touches down."""


def trot() -> NDArray[np.float64]:
    """Joint targets of each control step of a cycle [n, A] [rad]; hips at zero."""
    targets = np.zeros((GAIT_STEPS, len(JOINTS)))
    for leg, (_, thigh, calf) in LEGS.items():
        x, z = _foot((np.arange(GAIT_STEPS) / GAIT_STEPS + _OFFSETS[leg]) % 1.0)
        bend = np.arccos(np.hypot(x, z) / (2 * SEGMENT))
        targets[:, thigh] = np.arctan2(-x, -z) + bend
        targets[:, calf] = -2 * bend
    return targets


def _foot(phase: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forward and upward position of a foot relative to its hip [m]."""
    stance = phase < DUTY
    turn = 2 * np.pi * (phase - DUTY) / (1 - DUTY)
    forward = np.where(stance, 0.5 - phase / DUTY, (turn - np.sin(turn)) / (2 * np.pi) - 0.5)
    lifted = np.where(stance, 0.0, (1 - np.cos(turn)) / 2)
    return STRIDE * forward, LIFT * lifted - HIP_HEIGHT
