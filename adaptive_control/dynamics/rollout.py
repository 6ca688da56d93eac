"""Open-loop predictions: action sequences through a model, and the returns they promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from adaptive_control.dynamics.contract import AdaptiveDynamics
from adaptive_control.dynamics.window import Context

__all__ = [
    "Caution", "PlannedStep", "Reward", "Value", "planned_step", "returns", "trajectory",
]  # fmt: skip

Reward = Callable[[Tensor, Tensor, Tensor], Tensor]

Value = Callable[[Tensor], Tensor]
"""`observation [..., S] -> [...]`, the return expected from there on."""


@runtime_checkable
class Caution(Protocol):
    """What a planner keeps away from (a robot's spec has it)."""

    @property
    def unsafe(self) -> Callable[[Tensor], Tensor]:
        """`observation -> bool [...]`, states that end a sequence."""
        ...

    @property
    def cost(self) -> float:
        """What such a state costs, in units of return."""
        ...

    @property
    def unease(self) -> Callable[[Tensor], Tensor]:
        """`observation -> [...]`, charged at each step."""
        ...

    @property
    def recoverable(self) -> bool:
        """Whether a sequence that starts in an unsafe state goes on."""
        ...


class PlannedStep(NamedTuple):
    """One control step as a planner counts it.

    Attributes:
        observation: the next one, `[B, N, S]`.
        reward: the reward less what caution charges, `[B, N]`.
        charge: what caution charges, `[B, N]`; None without caution.
        ends: 1 where the sequence ends with this step, else 0, `[B, N]`; None without caution.
        context: for the step after.
    """

    observation: Tensor
    reward: Tensor
    charge: Tensor | None
    ends: Tensor | None
    context: Context


def trajectory(
    dynamics: AdaptiveDynamics, context: Context, observation: Tensor, actions: Tensor
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


def planned_step(
    dynamics: AdaptiveDynamics,
    reward: Reward,
    context: Context,
    observation: Tensor,
    action: Tensor,
    caution: Caution | None = None,
) -> PlannedStep:
    """One control step as a planner counts it; also what is exported as `step.onnx`.

    Args:
        dynamics: the model.
        reward: `(observation, action, next_observation) -> [...]`.
        context: leading dimension B.
        observation: `[B, N, S]`.
        action: `[B, N, A]`.
        caution: what to keep away from; None for a robot that cannot fall.
    """
    following, context = dynamics.predict(context, observation, action)
    earned = reward(observation, action, following)
    if caution is None:
        return PlannedStep(following, earned, None, None, context)
    unsafe = caution.unsafe(following)
    if caution.recoverable:
        unsafe = unsafe & ~caution.unsafe(observation)
    ends = unsafe.to(earned.dtype)
    unease, cost = caution.unease(following), caution.cost * ends
    return PlannedStep(following, earned - unease - cost, unease + cost, ends, context)


def returns(
    dynamics: AdaptiveDynamics,
    reward: Reward,
    context: Context,
    observation: Tensor,
    actions: Tensor,
    *,
    caution: Caution | None = None,
    charged: float = 1.0,
    value: Value | None = None,
    terminal: float = 0.0,
    drops: Mapping[int, int] | None = None,
) -> Tensor:
    """The return of each candidate sequence, from one observation a robot.

    With `caution`, an unsafe state ends the sequence, as a fall ends the episode: it costs, and
    nothing is earned after it. Otherwise a planner would throw the robot forward and count the
    speed of what comes down.

    Args:
        dynamics: the model.
        reward: `(observation, action, next_observation) -> [...]`.
        context: leading dimension B.
        observation: `[B, S]`.
        actions: `[B, N, H, A]`.
        caution: what to keep away from; None for a robot that cannot fall.
        charged: how many times over what it charges counts.
        value: what is expected beyond the horizon; needed if `terminal` is not 0, and for `drops`.
        terminal: weight of that value.
        drops: after which control steps, from 1, candidates are dropped, and how many stay: those
            with the greatest sum of what they have earned and `value`.

    Returns:
        `[B, N]`, undiscounted sums over H, and `terminal` times the value of where they lead; -inf
        for those that were dropped.
    """
    current = observation.unsqueeze(1).expand(-1, actions.shape[1], -1)
    everyone = actions.shape[:2]
    total = torch.zeros(everyone, dtype=actions.dtype, device=actions.device)
    safe = torch.ones_like(total)
    numbers = None  # of those that are left, once somebody was dropped
    for step in range(actions.shape[2]):
        action = actions[:, :, step]
        current, earned, charge, ends, context = planned_step(
            dynamics, reward, context, current, action, caution
        )
        if charge is not None and charged != 1:
            earned = earned - (charged - 1) * charge
        if ends is not None:
            earned = safe * earned
            safe = safe * (1 - ends)
        total = total + earned
        if drops and step + 1 in drops:
            assert value is not None, "a model without terminal value was asked for it"
            best = _best(total + safe * value(current), drops[step + 1])
            numbers = best if numbers is None else _rows(numbers, best)
            total, safe = _rows(total, best), _rows(safe, best)
            current, actions = _rows(current, best), _rows(actions, best)
    if terminal:
        assert value is not None, "a model without terminal value was asked for it"
        total = total + terminal * safe * value(current)
    if numbers is None:
        return total
    dropped = torch.full(everyone, -torch.inf, dtype=total.dtype, device=total.device)
    return dropped.scatter(1, numbers, total)


def _best(promised: Tensor, count: int) -> Tensor:
    """Numbers `[B, count]`, ascending, of the greatest of `[B, N]`; what diverged comes last."""
    usable = torch.where(promised.isfinite(), promised, -torch.inf)
    return usable.topk(count, dim=1).indices.sort(dim=1).values


def _rows(values: Tensor, numbers: Tensor) -> Tensor:
    """Of `values` `[B, N, ...]` the rows `numbers` `[B, n]` of each robot."""
    index = numbers.reshape(*numbers.shape, *(1,) * (values.dim() - 2))
    return values.gather(1, index.expand(-1, -1, *values.shape[2:]))
