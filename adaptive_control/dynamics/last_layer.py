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
from adaptive_control.dynamics.network import batched, forward, init_parameters
from adaptive_control.dynamics.window import Context, Window, ages

__all__ = ["LastLayer"]


class LastLayer(Dynamics):
    """A network whose last layer, bias included, is the context `[B, hidden + 1, S]`."""

    kind = "last-layer"
    adapts = True

    def __init__(self, layout: FeatureLayout, hidden: Sequence[int], generator: torch.Generator):
        super().__init__(layout)
        sizes = [layout.input_size, *hidden, layout.observation_size]
        *trunk, weight, bias = init_parameters(sizes, generator)
        self.theta = torch.nn.ParameterList(trunk)
        self.last = torch.nn.Parameter(torch.cat([weight, bias.unsqueeze(0)]))
        self.log_variance = torch.nn.Parameter(torch.full((hidden[-1] + 1,), math.log(0.01)))
        self.log_noise = torch.nn.Parameter(torch.tensor(0.0))
        self.log_noise_growth = torch.nn.Parameter(torch.tensor(math.log(0.03)))

    def adapt(self, window: Window) -> Context:
        return (self._last_layer(*self.normalised(window), window.mask),)

    def _last_layer(self, inputs: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        """The posterior's mean `[B, hidden + 1, S]`."""
        features = self._features(inputs)
        residual = targets - torch.matmul(features, self.last)
        return self.last + posterior_change(
            features, residual, mask, self.log_variance.exp(), self.noise(mask)
        )

    def noise(self, mask: Tensor) -> Tensor:
        """The noise's variance at each age, `[M]`."""
        return torch.exp(self.log_noise + self.log_noise_growth.exp() * ages(mask)[:, 0])

    def prior_context(self, batch: int) -> Context:
        return batched((self.last,), batch)

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        return torch.matmul(self._features(inputs), context[0])

    def _features(self, inputs: Tensor) -> Tensor:
        """`[B, N, hidden + 1]`, the last of them 1, which carries the bias."""
        hidden = torch.nn.functional.silu(forward(tuple(self.theta), inputs))
        return torch.cat([hidden, torch.ones_like(hidden[..., :1])], dim=-1)
