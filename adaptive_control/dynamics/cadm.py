"""CaDM: a context-aware dynamics model (Lee et al. 2020, section 4).

An encoder compresses the window into a code; the forward model `f(x, a, c)` is conditioned on it,
and in training so is a backward model `b(x', a, c)` that predicts the transition in reverse. What
both need to know of the plant is all that is left in the code:

    L = E_forward(future; c) + beta * E_backward(future; c)                    (eq. 3 there)

Here the encoder averages over transitions, so that windows may be of any length.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from adaptive_control.adaptation.encoder import WindowEncoder
from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.network import forward, init_parameters
from adaptive_control.dynamics.window import Context, Window

__all__ = ["CaDM"]

_BACKWARD_WEIGHT = 0.5
"""beta; the paper's."""


class CaDM(Dynamics):
    """A network conditioned on a code of the window, which is the context `[B, code]`."""

    kind = "cadm"
    adapts = True

    def __init__(
        self,
        layout: FeatureLayout,
        hidden: Sequence[int],
        generator: torch.Generator,
        *,
        code_size: int = 16,
        encoder_width: int = 128,
    ):
        super().__init__(layout)
        read = layout.input_size + layout.observation_size
        self.encoder = WindowEncoder(read, encoder_width, code_size, generator)
        self.code_size = code_size
        sizes = [layout.input_size + code_size, *hidden, layout.observation_size]
        self.theta = torch.nn.ParameterList(init_parameters(sizes, generator))
        self.backward_theta = torch.nn.ParameterList(init_parameters(sizes, generator))

    def adapt(self, window: Window) -> Context:
        return (self.encoder(torch.cat(self.normalised(window), dim=-1), window.mask),)

    def prior_context(self, batch: int) -> Context:
        return (self.theta[0].new_zeros(batch, self.code_size),)

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        return _conditioned(tuple(self.theta), context, inputs)

    def loss(
        self, window: Window, future: Window, *, unroll: int, prior_weight: float
    ) -> tuple[Tensor, Tensor]:
        """The meta-objective, and the error of predicting the future's transitions backward."""
        ahead, error = super().loss(window, future, unroll=unroll, prior_weight=prior_weight)
        reverse = Window(future.next_observation, future.action, future.observation, future.mask)
        inputs, targets = self.normalised(reverse)
        back = _conditioned(tuple(self.backward_theta), self.adapt(window), self.bounded(inputs))
        return ahead + _BACKWARD_WEIGHT * ((back - targets) ** 2).mean(), error


def _conditioned(parameters: tuple[Tensor, ...], context: Context, inputs: Tensor) -> Tensor:
    (code,) = context
    wide = code.unsqueeze(1).expand(-1, inputs.shape[1], -1)
    return forward(parameters, torch.cat([inputs, wide], dim=-1))
