"""PE-TS: an ensemble of networks with Gaussian outputs (Chua et al. 2018, section 4).

    L = sum over members of  mean  (y - mu)^2 exp(-s) + s         s = log variance, softly bounded

Members differ by their random start. Each is trained on its own predictions fed back for L steps,
as every method here is. Planning propagates the mean over members, without noise: one trajectory
a candidate, the same for the same candidate, whatever stands beside it in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.network import forward, init_parameters
from adaptive_control.dynamics.objective import segments
from adaptive_control.dynamics.window import Context, Window

__all__ = ["PETS"]

_BOUND_WEIGHT = 0.01
"""Draws the learned bounds of the log variance together, as in the paper's code."""


class PETS(Dynamics):
    """An ensemble without adaptation: parameters are `[E, in, out]`, the window is ignored."""

    kind = "pets"
    adapts = False

    def __init__(
        self,
        layout: FeatureLayout,
        hidden: Sequence[int],
        generator: torch.Generator,
        *,
        members: int = 5,
    ):
        super().__init__(layout)
        sizes = [layout.input_size, *hidden, 2 * layout.observation_size]
        networks = [init_parameters(sizes, generator) for _ in range(members)]
        self.theta = torch.nn.ParameterList(torch.stack(p) for p in zip(*networks, strict=True))
        self.lowest = torch.nn.Parameter(torch.full((layout.observation_size,), -10.0))
        self.highest = torch.nn.Parameter(torch.full((layout.observation_size,), 0.5))
        self.members = members

    def adapt(self, window: Window) -> Context:
        return ()

    def prior_context(self, batch: int) -> Context:
        return ()

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        flat = inputs.reshape(1, -1, inputs.shape[-1]).expand(self.members, -1, -1)
        mean, _ = self.gaussians(flat)
        return mean.mean(0).reshape(*inputs.shape[:-1], -1)

    def gaussians(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Each member's mean and log variance `[E, n, S]` of the normalised target."""
        mean, spread = forward(tuple(self.theta), inputs).chunk(2, dim=-1)
        softplus = torch.nn.functional.softplus
        spread = self.highest - softplus(self.highest - spread)
        return mean, self.lowest + softplus(spread - self.lowest)

    def loss(
        self, window: Window, future: Window, *, unroll: int, prior_weight: float
    ) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood of the future; the error shown is the mean member's."""
        start, actions, actual = (v.flatten(0, 1) for v in segments(future, unroll))
        observation = start.expand(self.members, -1, -1)
        likelihood, errors = [], []
        for step in range(unroll):
            action = actions[:, step].expand(self.members, -1, -1)
            inputs = self.input_normalizer(self.features.inputs(observation, action))
            mean, spread = self.gaussians(self.bounded(inputs))
            target = self.target_normalizer.undo(self.target_normalizer.bound(mean))
            observation = self.features.advance(observation, target)
            miss = self.features.wrap(observation - actual[:, step]) / self.target_normalizer.scale
            likelihood.append((miss**2 * torch.exp(-spread) + spread).mean((1, 2)).sum())
            errors.append((miss**2).mean().detach())
        bounds = _BOUND_WEIGHT * (self.highest - self.lowest).sum()
        return torch.stack(likelihood).mean() + bounds, torch.stack(errors).mean()
