"""Reward of the half-cheetah, for numpy arrays and torch tensors alike.

`r = v - 0.05 |a|^2`, with v the torso's displacement over the control period divided by dt [m/s]:
summed over an episode it is the true distance run, less the effort. An instantaneous velocity
would reward a robot that is fast only at the moments when it is measured.
"""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from robots.half_cheetah.constants import CONTROL_COST

__all__ = ["FORWARD_SPEED", "fallen", "reward"]

FORWARD_SPEED = 17
"""Index of `forward_speed` in the observation."""


def reward(observation: Any, action: Any, next_observation: Any) -> Any:
    """`[..., S], [..., A], [..., S] -> [...]`; the first argument is not needed here."""
    return next_observation[..., FORWARD_SPEED] - CONTROL_COST * (action * action).sum(-1)


def fallen(observation: Any) -> Any:
    """False, [...]: a half-cheetah on its back keeps trying."""
    xp = array_namespace(observation)
    return xp.zeros_like(observation[..., 0], dtype=xp.bool)
