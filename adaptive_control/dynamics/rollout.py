"""Open-loop predictions: action sequences through a model, and the returns they promise."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.window import Context

__all__ = ["returns", "trajectory"]

Reward = Callable[[Tensor, Tensor, Tensor], Tensor]
Fallen = Callable[[Tensor], Tensor]


def trajectory(
    dynamics: Dynamics, context: Context, observation: Tensor, actions: Tensor
) -> Tensor:
    """Predicted observations after each action.

    Args:
        dynamics: the model.
        context: leading dimension B.
        observation: `[B, N, S]`, where the sequences start.
        actions: `[B, N, H, A]`.

    Returns:
        `[B, N, H, S]`.
    """
    predicted = []
    for step in range(actions.shape[2]):
        observation, context = dynamics.predict(context, observation, actions[:, :, step])
        predicted.append(observation)
    return torch.stack(predicted, dim=2)


def returns(
    dynamics: Dynamics,
    reward: Reward,
    context: Context,
    observation: Tensor,
    actions: Tensor,
    *,
    fallen: Fallen | None = None,
    fall_cost: float = 0.0,
) -> Tensor:
    """The return of each candidate sequence, from one observation a robot.

    A predicted fall ends the sequence, as it ends the episode: it costs `fall_cost`, and nothing
    is earned after it. Otherwise a planner would throw the robot forward and count the speed of
    what comes down.

    Args:
        dynamics: the model.
        reward: `(observation, action, next_observation) -> [...]`.
        context: leading dimension B.
        observation: `[B, S]`.
        actions: `[B, N, H, A]`.
        fallen: `observation -> bool [...]`; None for a robot that cannot fall.
        fall_cost: what a fall costs, in units of return.

    Returns:
        `[B, N]`, undiscounted sums over H.
    """
    current = observation.unsqueeze(1).expand(-1, actions.shape[1], -1)
    total = torch.zeros(actions.shape[:2], dtype=actions.dtype, device=actions.device)
    upright = torch.ones_like(total)
    for step in range(actions.shape[2]):
        action = actions[:, :, step]
        following, context = dynamics.predict(context, current, action)
        earned = reward(current, action, following)
        if fallen is not None:
            falls = fallen(following).to(total.dtype)
            earned = upright * (earned - fall_cost * falls)
            upright = upright * (1 - falls)
        total = total + earned
        current = following
    return total
