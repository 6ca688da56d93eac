"""Reward of the ant, for numpy arrays and torch tensors alike.

`r = v_x + 0.05 [not fallen] - 0.01 |a|^2`, with v_x the torso's displacement along world x over the
control period divided by dt [m/s]. The observation holds the displacement in the heading frame at
the start of the period (a model that cannot see its absolute heading can predict that one), so

    v_x = cos(yaw) forward_speed' - sin(yaw) lateral_speed'

with the yaw of `observation` and the speeds of `next_observation`.
"""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from robots.ant.constants import (
    ALIVE_BONUS,
    CONTROL_COST,
    GREATEST_HEIGHT,
    LEAST_HEIGHT,
    LEAST_UPRIGHT,
)
from robots.free_body import speed_along_x

__all__ = [
    "FORWARD_SPEED", "HEIGHT", "LATERAL_SPEED", "UP_Z", "VELOCITY_Z", "YAW", "fallen", "reward",
]  # fmt: skip

HEIGHT, UP_Z, YAW, VELOCITY_Z, FORWARD_SPEED, LATERAL_SPEED = 0, 3, 4, 15, 27, 28
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
    return speed + ALIVE_BONUS * alive - CONTROL_COST * (action * action).sum(-1)


def fallen(observation: Any) -> Any:
    """Torso below 0.2 m, above 1 m, or tilted by more than 60 degrees; bool [...]."""
    height = observation[..., HEIGHT]
    off = (height < LEAST_HEIGHT) | (height > GREATEST_HEIGHT)
    return off | (observation[..., UP_Z] < LEAST_UPRIGHT)
