"""What a fit minimises and what it validates on; the mathematics is `dynamics.objective`."""

from __future__ import annotations

import torch
from torch import Tensor

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.objective import prediction_error
from adaptive_control.dynamics.window import Window

__all__ = ["meta_loss", "prediction_error", "validation_error"]


def meta_loss(
    dynamics: Dynamics, window: Window, future: Window, unroll: int, prior_weight: float
) -> tuple[Tensor, Tensor]:
    """The loss that the model's family is trained by, and the post-adaptation error inside it."""
    return dynamics.loss(window, future, unroll=unroll, prior_weight=prior_weight)


@torch.no_grad()
def validation_error(
    dynamics: Dynamics, window: Window, future: Window, horizon: int
) -> tuple[float, float]:
    """Error averaged over `horizon` open-loop steps: before and after adapting."""
    tasks = window.observation.shape[0]
    before = prediction_error(dynamics, dynamics.prior_context(tasks), future, horizon)
    after = prediction_error(dynamics, dynamics.adapt(window), future, horizon)
    return float(before.mean()), float(after.mean())
