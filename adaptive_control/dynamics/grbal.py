"""GrBAL: gradient-based adaptive learner (Nagabandi & Clavera et al. 2019, section 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from adaptive_control.adaptation.gradient import descend, steps_of, window_loss
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.network import Parameters, batched, forward, init_parameters
from adaptive_control.dynamics.step_limit import StepLimit
from adaptive_control.dynamics.window import Context, Window

__all__ = ["GrBAL"]


class GrBAL(StepLimit):
    """A network whose every parameter takes a learned gradient step on the window.

    The context is the adapted parameters, `[B, in, out]` and `[B, out]` per layer.
    """

    kind = "grbal"
    adapts = True
    alone = True
    varies: ClassVar[tuple[str, ...]] = ("inner-steps", "step-sizes", "layers")
    first_order: ClassVar[bool] = False
    """Whether the meta-gradient stops at the inner gradient."""

    def __init__(
        self,
        layout: FeatureLayout,
        hidden: Sequence[int],
        generator: torch.Generator,
        *,
        step_size: float = 0.05,
        inner_steps: int = 1,
    ):
        super().__init__(layout)
        sizes = [layout.input_size, *hidden, layout.observation_size]
        self.theta = torch.nn.ParameterList(init_parameters(sizes, generator))
        # Step sizes are learned through their logarithm: they stay positive, and one that the
        # meta-gradient wants a hundred times larger or smaller gets there in as many updates.
        log_step = torch.tensor(step_size).log()
        self.log_step_sizes = torch.nn.ParameterList(
            torch.full_like(p, float(log_step)) for p in self.theta
        )
        self.inner_steps = inner_steps

    def adapted(self, window: Window) -> tuple[Context, Parameters]:
        prior = self.prior_context(window.observation.shape[0])
        return descend(prior, partial(self._steps, window=window), self.inner_steps, self.limit)

    def _steps(self, parameters: Parameters, window: Window) -> Parameters:
        """What a step subtracts from these parameters."""
        inputs, targets = self.normalised(window)
        loss = partial(window_loss, inputs=inputs, targets=targets, mask=window.mask)
        step_sizes = tuple(s.exp() for s in self.log_step_sizes)
        return steps_of(loss, parameters, step_sizes, first_order=self.first_order)

    def prior_context(self, batch: int) -> Context:
        return batched(tuple(self.theta), batch)

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        return forward(context, inputs)
