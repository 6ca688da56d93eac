"""Open-loop predictions: action sequences through a model, and the returns they promise."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.window import Context

__all__ = ["returns", "trajectory"]

Reward = Callable[[Tensor, Tensor, Tensor], Tensor]


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
    dynamics: Dynamics, reward: Reward, context: Context, observation: Tensor, actions: Tensor
) -> Tensor:
    """The return of each candidate sequence, from one observation a robot.

    Args:
        dynamics: the model.
        reward: `(observation, action, next_observation) -> [...]`.
        context: leading dimension B.
        observation: `[B, S]`.
        actions: `[B, N, H, A]`.

    Returns:
        `[B, N]`, undiscounted sums over H.
    """
    current = observation.unsqueeze(1).expand(-1, actions.shape[1], -1)
    total = torch.zeros(actions.shape[:2], dtype=actions.dtype, device=actions.device)
    for step in range(actions.shape[2]):
        action = actions[:, :, step]
        following, context = dynamics.predict(context, current, action)
        total = total + reward(current, action, following)
        current = following
    return total
