"""A Reptile-trained prior, adapted by plain gradient steps (Nichol et al. 2018).

    theta_i = theta after k gradient steps of size alpha on task i
    theta <- theta - beta * mean_i(theta - theta_i)

The prior moves to where gradient descent on each task ends up, so that few steps get there. No
derivative goes through the steps. A task is the window, whose error is that of one step as when
adapting, with the future that follows it, whose error is that of predictions fed back, as the
meta-objective has it.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from adaptive_control.adaptation.gradient import gradient_step, window_loss
from adaptive_control.dynamics.dynamic_evaluation import DynamicEvaluation
from adaptive_control.dynamics.network import Parameters
from adaptive_control.dynamics.objective import prediction_error
from adaptive_control.dynamics.step_limit import StepLimit
from adaptive_control.dynamics.window import Context, Window

__all__ = ["Reptile"]

_PASSES = 2
"""Passes over a task, each of two steps: one on the window, one on the future."""


class Reptile(StepLimit, DynamicEvaluation):
    """Adapts as dynamic evaluation does, from a prior that was trained for it."""

    kind = "reptile"
    step_size = 0.1
    inner_steps = 3

    def adapted(self, window: Window) -> tuple[Context, Parameters]:
        return self._descend(window)

    def loss(
        self, window: Window, future: Window, *, unroll: int, prior_weight: float
    ) -> tuple[Tensor, Tensor]:
        """A loss whose gradient is Reptile's: `theta` minus where the steps end, over alpha.

        The division leaves the first step's plain gradient in it at full size, whatever alpha is.
        """
        tasks = window.observation.shape[0]
        parameters = self.prior_context(tasks)
        error = torch.zeros(())
        inputs, targets = self.normalised(window)
        seen = partial(window_loss, inputs=inputs, targets=targets, mask=window.mask)
        ahead = partial(self._future_loss, future=future, unroll=unroll)
        for _ in range(_PASSES):
            for loss in (seen, ahead):
                error = loss(parameters).detach() / tasks
                steps = [self.step_size] * len(parameters)
                parameters = gradient_step(loss, parameters, steps, first_order=True)
        parameters = tuple(p.detach() for p in parameters)
        moved = [t.detach() - p.mean(0) for t, p in zip(self.theta, parameters, strict=True)]
        pulls = [(t * m).sum() for t, m in zip(self.theta, moved, strict=True)]
        return torch.stack(pulls).sum() / self.step_size, error

    def _future_loss(self, parameters: Parameters, future: Window, unroll: int) -> Tensor:
        """Error of predictions fed back for `unroll` steps, summed over tasks."""
        return prediction_error(self, parameters, future, unroll).mean((1, 2)).sum()
