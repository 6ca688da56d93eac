"""Reward of the A1, for numpy arrays and torch tensors alike.

`r = v_x - 0.5 (1 - cos(yaw')) + 0.05 [not fallen] - 0.1 |a|^2`, with v_x the trunk's displacement
along world x over the control period divided by dt [m/s], from the heading and the speeds in it as
for the ant (`robots/ant/reward.py`), and yaw' the heading at its end.
"""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from robots.a1.constants import (
    ALIVE_BONUS,
    CONTROL_COST,
    HEADING_COST,
    LEAST_HEIGHT,
    LEAST_UPRIGHT,
)
from robots.free_body import speed_along_x

__all__ = [
    "FORWARD_SPEED", "HEIGHT", "LATERAL_SPEED", "UP_Z", "VELOCITY_Z", "YAW", "fallen", "reward",
]  # fmt: skip

HEIGHT, UP_Z, YAW, VELOCITY_Z, FORWARD_SPEED, LATERAL_SPEED = 0, 3, 4, 19, 35, 36
"""Indices in the observation."""


def reward(observation: Any, action: Any, next_observation: Any) -> Any:
    """`[..., S], [..., A], [..., S] -> [...]`."""
    xp = array_namespace(observation)
    speed = speed_along_x(
        observation[..., YAW],
        next_observation[..., FORWARD_SPEED],
        next_observation[..., LATERAL_SPEED],
    )
    alive = xp.astype(~fallen(next_observation), next_observation.dtype)
    off = HEADING_COST * (1 - xp.cos(next_observation[..., YAW]))
    effort = CONTROL_COST * (action * action).sum(-1)
    return speed - off + ALIVE_BONUS * alive - effort


def fallen(observation: Any) -> Any:
    """Trunk below 0.15 m, or tilted by more than 60 degrees; bool [...]."""
    return (observation[..., HEIGHT] < LEAST_HEIGHT) | (observation[..., UP_Z] < LEAST_UPRIGHT)
