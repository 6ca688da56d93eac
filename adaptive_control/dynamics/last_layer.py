"""Bayesian least squares on the last layer (Harrison et al. 2018, "ALPaCA").

The network's last hidden layer gives the features; its output layer is the mean of a Gaussian
prior. Adapting is conditioning on the window, exactly and at once. Features, prior mean, prior
variances and noise are trained together through that update, on the meta-objective; noise may
grow with a transition's age, so that the plant of a second ago can be forgotten.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from adaptive_control.adaptation.least_squares import posterior_change
from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.network import Parameters, batched, forward, init_parameters
from adaptive_control.dynamics.window import Context, Window, ages

__all__ = ["LastLayer"]


class LastLayer(Dynamics):
    """The context is the last layer: weights `[B, hidden, S]` and bias `[B, S]`."""

    kind = "last-layer"
    adapts = True
    alone = True

    def __init__(self, layout: FeatureLayout, hidden: Sequence[int], generator: torch.Generator):
        super().__init__(layout)
        sizes = [layout.input_size, *hidden, layout.observation_size]
        *trunk, weight, bias = init_parameters(sizes, generator)
        self.theta = torch.nn.ParameterList(trunk)
        self.last = torch.nn.Parameter(torch.cat([weight, bias.unsqueeze(0)]))
        self.log_variance = torch.nn.Parameter(torch.full((hidden[-1] + 1,), math.log(0.01)))
        self.log_noise = torch.nn.Parameter(torch.tensor(0.0))
        self.log_noise_growth = torch.nn.Parameter(torch.tensor(math.log(0.03)))

    @property
    def network(self) -> Parameters:
        """All parameters of the prior's network, as `forward` takes them."""
        return *self.theta, self.last[:-1], self.last[-1]

    def adapt(self, window: Window) -> Context:
        return self.conditioned(tuple(self.theta), self.last, *self.normalised(window), window.mask)

    def conditioned(
        self, trunk: Parameters, last: Tensor, inputs: Tensor, targets: Tensor, mask: Tensor
    ) -> Parameters:
        """The last layer's posterior mean, weights `[B, hidden, S]` and bias `[B, S]`.

        Args:
            trunk: of the hidden layers, shared or one set a robot.
            last: prior mean, `[hidden + 1, S]` or `[B, hidden + 1, S]`, the bias last.
            inputs: `[B, M, in]`, normalised.
            targets: `[B, M, S]`, normalised.
            mask: `[B, M, 1]`.
        """
        hidden = torch.nn.functional.silu(forward(trunk, inputs))
        features = torch.cat([hidden, torch.ones_like(hidden[..., :1])], dim=-1)
        last = last + posterior_change(
            features,
            targets - torch.matmul(features, last),
            mask,
            self.log_variance.exp(),
            self.noise(mask),
        )
        return last[..., :-1, :], last[..., -1, :]

    def noise(self, mask: Tensor) -> Tensor:
        """The noise's variance at each age, `[M]`."""
        return torch.exp(self.log_noise + self.log_noise_growth.exp() * ages(mask)[:, 0])

    def prior_context(self, batch: int) -> Context:
        return batched(self.network[-2:], batch)

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        return forward((*self.theta, *context), inputs)
