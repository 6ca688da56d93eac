"""Hybrid: what the actuators do now, then the last layer; both by least squares in closed form.

    g, b = the gain and offset of each actuator, from  y = f(x, a) + J_a (g * a + b) + noise
    W'   = W | window, given the features of  (x, a + g * a + b)             (after ALPaCA)

A dead, weak or reversed motor is a gain of the action, whichever motor it is: all share one prior
variance, so a fault of a motor that never failed in training is as easy to see as any other. J_a,
the slope of the prior in the action, ties all outputs together: a few transitions determine 2 A
numbers. What no gain explains, as a slope or a load, is left to the last layer.

The slope is a constant in training: no gradient goes through it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from adaptive_control.adaptation.least_squares import posterior_mean
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.last_layer import LastLayer
from adaptive_control.dynamics.network import Parameters, batched, forward
from adaptive_control.dynamics.window import Context, Window, ages

__all__ = ["Hybrid", "folded", "moved"]


class Hybrid(LastLayer):
    """The context is the first layer, with gains and offsets folded in, and the last one."""

    kind = "hybrid"

    def __init__(self, layout: FeatureLayout, hidden: Sequence[int], generator: torch.Generator):
        super().__init__(layout, hidden, generator)
        self.actions = layout.action_size
        self.log_gain_variance = torch.nn.Parameter(torch.tensor(math.log(0.3)))
        self.log_offset_variance = torch.nn.Parameter(torch.tensor(math.log(0.05)))
        self.log_error = torch.nn.Parameter(torch.zeros(layout.observation_size))
        self.log_error_growth = torch.nn.Parameter(torch.tensor(math.log(0.03)))

    def adapt(self, window: Window) -> Context:
        inputs, targets = self.normalised(window)
        gain, offset = self.actuators(inputs, targets, window.mask)
        inputs = moved(gain, offset, inputs)
        last = self.conditioned(tuple(self.theta), self.last, inputs, targets, window.mask)
        first = batched(self.network[:2], inputs.shape[0])
        return *folded(gain, offset, *first), *last

    def prior_context(self, batch: int) -> Context:
        return batched((*self.network[:2], *self.network[-2:]), batch)

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        return forward((*context[:2], *self.network[2:-2], *context[2:]), inputs)

    def actuators(self, inputs: Tensor, targets: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior means of gains and offsets, `[B, A]` each; 0 is an actuator as it was."""
        miss = targets - forward(self.network, inputs)
        deviation = torch.exp(self.log_error + self.log_error_growth.exp() * ages(mask))
        weight = (mask / deviation).unsqueeze(2)  # [B, M, 1, S]
        slope = self.slopes(inputs)
        action = inputs[..., -self.actions :].unsqueeze(-1)
        design = torch.cat([slope * action, slope], dim=2) * weight
        variance = torch.stack([self.log_gain_variance, self.log_offset_variance]).exp()
        found = posterior_mean(
            design.transpose(2, 3).flatten(1, 2),
            (miss.unsqueeze(2) * weight).flatten(1).unsqueeze(-1),
            variance.repeat_interleave(self.actions),
        )
        return found[:, : self.actions, 0], found[:, self.actions :, 0]

    @torch.no_grad()
    def slopes(self, inputs: Tensor) -> Tensor:
        """How the prior's output `[S]` moves with each action at `[B, M, in]`: `[B, M, A, S]`."""
        theta = tuple(self.theta)  # a slice of the list itself would make new, constant parameters
        slope = theta[0][-self.actions :]
        layers = len(theta) // 2
        for layer in range(layers):
            weight, bias = theta[2 * layer : 2 * layer + 2]
            before = torch.matmul(inputs, weight) + bias
            gate = torch.sigmoid(before)
            inputs = before * gate  # SiLU, whose derivative is the next line's factor
            slope = slope * (gate * (1 + before * (1 - gate))).unsqueeze(2)
            if layer < layers - 1:
                slope = torch.matmul(slope, theta[2 * layer + 2])
        return torch.matmul(slope, self.last[:-1])


def moved(gain: Tensor, offset: Tensor, inputs: Tensor) -> Tensor:
    """Inputs `[B, N, in]` with the actions as the actuators deliver them."""
    observed, action = inputs.split([inputs.shape[-1] - gain.shape[-1], gain.shape[-1]], dim=-1)
    return torch.cat([observed, action + action * gain.unsqueeze(1) + offset.unsqueeze(1)], dim=-1)


def folded(gain: Tensor, offset: Tensor, weight: Tensor, bias: Tensor) -> Parameters:
    """A first layer, `[B, in, h]` and `[B, h]`, that does to inputs what it did to `moved` ones.

    A planner then evaluates a plain network, some hundred times for each adaptation.
    """
    rest = weight.shape[1] - gain.shape[1]
    observed, action = weight.split([rest, gain.shape[1]], dim=1)
    bias = bias + torch.matmul(offset.unsqueeze(1), action).squeeze(1)
    return torch.cat([observed, action + action * gain.unsqueeze(2)], dim=1), bias
