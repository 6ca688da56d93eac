"""Combined: the actuators, then every layer, then the last one; each step on what is left.

    g, b   = gain and offset of each actuator, by least squares            (as in Hybrid)
    theta' = theta - alpha * grad L(window with g, b; theta)               (as in GrBAL)
    W'     = W' | window, given the features of theta'                     (as in Last layer)

Least squares find a motor that failed, whichever it is; the gradient step, with a learned size for
each parameter, moves what two of them cannot, as contacts and loads; the last layer takes up what
remains, exactly. All three are trained together, through each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from adaptive_control.adaptation.gradient import less, steps_of, window_loss
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.hybrid import Hybrid, folded, moved
from adaptive_control.dynamics.network import Parameters, batched, forward
from adaptive_control.dynamics.step_limit import StepLimit
from adaptive_control.dynamics.window import Context, Window

__all__ = ["Combined"]

_STEP_SIZE = 0.02


class Combined(StepLimit, Hybrid):
    """The context is all parameters of a network, gains and offsets folded into its first layer."""

    kind = "combined"

    def __init__(self, layout: FeatureLayout, hidden: Sequence[int], generator: torch.Generator):
        super().__init__(layout, hidden, generator)
        start = math.log(_STEP_SIZE)
        self.log_step_sizes = torch.nn.ParameterList(
            torch.full_like(p, start) for p in self.network
        )

    def adapted(self, window: Window) -> tuple[Context, Parameters]:
        inputs, targets = self.normalised(window)
        gain, offset = self.actuators(inputs, targets, window.mask)
        inputs = moved(gain, offset, inputs)
        prior = self.prior_context(inputs.shape[0])
        loss = partial(window_loss, inputs=inputs, targets=targets, mask=window.mask)
        steps = steps_of(loss, prior, tuple(s.exp() for s in self.log_step_sizes))
        *trunk, weight, bias = less(prior, steps, self.limit)
        last = torch.cat([weight, bias.unsqueeze(1)], dim=1)
        last_layer = self.conditioned(tuple(trunk), last, inputs, targets, window.mask)
        return (*folded(gain, offset, *trunk[:2]), *trunk[2:], *last_layer), steps

    def prior_context(self, batch: int) -> Context:
        return batched(self.network, batch)

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        return forward(context, inputs)
