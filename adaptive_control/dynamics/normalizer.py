"""Normalisation of model inputs and targets, fitted on all data and saved with the model."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["Normalizer"]

_SMALLEST_SCALE = 1e-4
"""A field that never moves keeps a finite scale, so that dividing by it stays harmless."""


class Normalizer(torch.nn.Module):
    """Scales a vector to zero mean and unit variance, and bounds it to the range seen in data.

    The bound keeps a planner honest: outside the data a network extrapolates freely, and a
    sampling planner finds the place where it promises the most.
    """

    mean: Tensor
    scale: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))
        self.register_buffer("low", torch.full((size,), -10.0))
        self.register_buffer("high", torch.full((size,), 10.0))

    def fit(self, data: Tensor, margin: float = 0.1) -> None:
        """Set the statistics from `data` `[n, size]`; bounds are its range, widened by `margin`."""
        self.mean.copy_(data.mean(0))
        self.scale.copy_(data.std(0).clamp_min(_SMALLEST_SCALE))
        normalised = self.forward(data)
        low, high = normalised.amin(0), normalised.amax(0)
        self.low.copy_(low - margin * (high - low))
        self.high.copy_(high + margin * (high - low))

    def forward(self, value: Tensor) -> Tensor:
        """Normalise, `[..., size]`."""
        return (value - self.mean) / self.scale

    def bound(self, normalised: Tensor) -> Tensor:
        """Clip a normalised value to the range seen in data, `[..., size]`."""
        return torch.clamp(normalised, self.low, self.high)

    def undo(self, normalised: Tensor) -> Tensor:
        """Back to units, `[..., size]`."""
        return normalised * self.scale + self.mean
