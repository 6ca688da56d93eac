"""Fitting the terminal value on recorded episodes, by TD(lambda).

The target of a transition is its reward, and what follows: in part what was earned afterwards, in
part what the value itself says of the next state,

    G_t = r_t + discount * ((1 - lambda) V(x_t+1) + lambda G_t+1),

with V alone where an episode breaks off. What caution charges is left out: the data fell because
they explored, and a value that knows it lets no robot run (docs/decisions/0011).

Source: Sutton and Barto, "Reinforcement Learning" (2nd ed.), section 12.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.training.dataset import Episodes
from robots import RobotSpec

__all__ = ["FittedValue", "fit_value", "targets"]

LAMBDA = 0.5
SWEEPS = 12
"""Times that all targets are computed anew and every transition is learned from once."""
_BATCH = 512
_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 0.05


@dataclass(frozen=True)
class FittedValue:
    """A terminal value, frozen, and the share of the held-out targets' variance it explains."""

    value: TerminalValue
    explained: float


def fit_value(
    train: Episodes,
    held_out: Episodes,
    spec: RobotSpec,
    layout: FeatureLayout,
    *,
    discount: float,
    seed: int,
) -> FittedValue:
    """Fit a terminal value.

    Args:
        train: episodes to learn from.
        held_out: episodes to be judged by.
        spec: the robot, for its reward.
        layout: what of an observation may be seen.
        discount: of what follows, a control step; below 1.
        seed: of the first weights and of the order of the batches.
    """
    generator = torch.Generator().manual_seed(seed)
    value = TerminalValue(layout, generator)
    observation = torch.from_numpy(train.observation).flatten(0, 1)
    value.normalizer.fit(value.features.state(observation))
    earned = targets(train, spec, None, discount)
    value.mean.copy_(earned.mean())
    value.scale.copy_(earned.std().clamp_min(1e-6))

    optimizer = torch.optim.AdamW(value.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    for sweep in range(SWEEPS):
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * (1 - sweep / SWEEPS)
        wanted = (targets(train, spec, value, discount) - value.mean) / value.scale
        wanted = wanted.flatten()
        for batch in torch.randperm(len(wanted), generator=generator).split(_BATCH):
            loss = ((value.normalised(observation[batch]) - wanted[batch]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    value.eval().requires_grad_(False)
    return FittedValue(value, _explained(value, held_out, spec, discount))


@torch.no_grad()
def targets(
    episodes: Episodes, spec: RobotSpec, value: TerminalValue | None, discount: float
) -> Tensor:
    """What the value of each transition's observation should be, `[E, T]`.

    Args:
        episodes: E of T transitions.
        spec: the robot, for its reward.
        value: the value as it is; None for nothing beyond an episode's end.
        discount: of what follows, a control step.
    """
    arrays = (episodes.observation, episodes.action, episodes.next_observation)
    observation, action, following = (torch.from_numpy(array) for array in arrays)
    earned = spec.reward(observation, action, following)
    beyond = torch.zeros_like(earned) if value is None else value(following)
    segment = torch.from_numpy(episodes.segment)
    result = torch.empty_like(earned)
    for time in reversed(range(earned.shape[1])):
        later = beyond[:, time]
        if time + 1 < earned.shape[1]:
            same = segment[:, time + 1] == segment[:, time]
            blended = (1 - LAMBDA) * later + LAMBDA * result[:, time + 1]
            later = torch.where(same, blended, later)
        result[:, time] = earned[:, time] + discount * later
    return result


def _explained(value: TerminalValue, episodes: Episodes, spec: RobotSpec, discount: float) -> float:
    wanted = targets(episodes, spec, value, discount)
    with torch.no_grad():
        error = wanted - value(torch.from_numpy(episodes.observation))
    return float(1 - (error**2).mean() / wanted.var().clamp_min(1e-12))
