"""GBML: a learned update rule (Andrychowicz et al. 2016; Park & Oliva 2019, "Meta-Curvature").

For each layer, weights and bias as one matrix with gradient G on the window,

    theta' = theta - alpha * G - P h(Q_in^T G Q_out) R                h: a network without biases

with alpha a learned step size for each parameter: a small network reads a sketch of the gradient
and writes an update of low rank. No gradient, no update: h(0) = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from adaptive_control.adaptation.gradient import window_loss
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.grbal import GrBAL
from adaptive_control.dynamics.network import Parameters
from adaptive_control.dynamics.window import Window

__all__ = ["GBML", "LayerRule"]


class LayerRule(torch.nn.Module):
    """The network of one layer: gradient in, update out.

    Args:
        rows: inputs of the layer and one for its bias.
        columns: outputs of the layer.
        generator: where the random weights come from.
        rank: of the sketch and of the update.
        width: hidden units of h.
    """

    def __init__(
        self, rows: int, columns: int, generator: torch.Generator, rank: int = 8, width: int = 64
    ):
        super().__init__()
        draw = lambda *shape: torch.nn.Parameter(torch.randn(*shape, generator=generator))  # noqa: E731
        self.read_rows, self.read_columns = draw(rows, rank), draw(columns, rank)
        self.inner, self.outer = draw(rank * rank, width), draw(width, rank * rank)
        self.write_rows, self.write_columns = draw(rank, rows), draw(rank, columns)
        with torch.no_grad():  # the update starts small beside the gradient step
            self.inner.mul_(1 / rank)
            self.outer.mul_(width**-0.5)
            self.write_rows.mul_(0.01)
            self.write_columns.mul_(0.1)

    def forward(self, gradient: Tensor) -> Tensor:
        """The update `[B, in + 1, out]` that a gradient `[B, in + 1, out]` asks for."""
        sketch = self.read_rows.T @ gradient @ self.read_columns
        # Gradients span decades; asinh keeps their sign and the small ones, and tames the others.
        seen = torch.asinh(sketch.flatten(1))
        written = torch.tanh(seen @ self.inner) @ self.outer
        return self.write_rows.T @ written.reshape(sketch.shape) @ self.write_columns


class GBML(GrBAL):
    """GrBAL's network and step, with an update that a network writes added to it."""

    kind = "gbml"
    varies = ("inner-steps",)  # what the rules write moves every layer, whatever the step sizes

    def __init__(self, layout: FeatureLayout, hidden: Sequence[int], generator: torch.Generator):
        super().__init__(layout, hidden, generator)
        weights = [p for p in self.theta if p.dim() == 2]
        self.rules = torch.nn.ModuleList(
            LayerRule(w.shape[0] + 1, w.shape[1], generator) for w in weights
        )

    def _steps(self, parameters: Parameters, window: Window) -> Parameters:
        inputs, targets = self.normalised(window)
        loss = partial(window_loss, inputs=inputs, targets=targets, mask=window.mask)
        gradients = torch.func.grad(loss)(parameters)
        steps = (s.exp() * g for s, g in zip(self.log_step_sizes, gradients, strict=True))
        return tuple(s + u for s, u in zip(steps, self._updates(gradients), strict=True))

    def _updates(self, gradients: Parameters) -> Parameters:
        updates: list[Tensor] = []
        for layer, rule in enumerate(self.rules):
            weight, bias = gradients[2 * layer : 2 * layer + 2]
            update = rule(torch.cat([weight, bias.unsqueeze(1)], dim=1))
            updates += [update[:, :-1], update[:, -1]]
        return tuple(updates)
