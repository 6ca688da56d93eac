"""MB: the plain model-based baseline, one network and no adaptation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.network import forward, init_parameters
from adaptive_control.dynamics.window import Context, Window

__all__ = ["MB"]


class MB(Dynamics):
    """`f(x, a; theta)`; the window is ignored."""

    kind = "mb"
    adapts = False
    alone = True

    def __init__(self, layout: FeatureLayout, hidden: Sequence[int], generator: torch.Generator):
        super().__init__(layout)
        sizes = [layout.input_size, *hidden, layout.observation_size]
        self.theta = torch.nn.ParameterList(init_parameters(sizes, generator))

    def adapt(self, window: Window) -> Context:
        return ()

    def prior_context(self, batch: int) -> Context:
        return ()

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        return forward(tuple(self.theta), inputs)
