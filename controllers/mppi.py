r"""MPPI, model predictive path integral control: the mean of all candidates, weighted by return.

$$w_i = \frac{\exp\!\big((R_i - R_{best}) / (\lambda\,\Delta)\big)}{\sum_j \exp(\cdots)}, \qquad
\mu \leftarrow \textstyle\sum_i w_i\, u^{(i)}, \qquad \sigma \leftarrow d\,\sigma$$

Williams et al., "Information theoretic MPC for model-based reinforcement learning" (2017),
algorithm 2. The temperature $\lambda$ is measured in units of $\Delta$ = best minus median return,
so it needs no tuning to the scale of a reward and a few disastrous candidates do not matter.
Noise is coloured, or a cubic spline through a few knots (Howell et al., "Predictive sampling",
2022): either is the low-pass filter that keeps MPPI's actions smooth, and neither starves the first
action. The narrowing of the noise with each iteration ($d$) is from Xue et al., "Full-order
sampling-based MPC" (2024). The cross term between noise and mean in the original weights is left
out: actions are priced by the robot's reward.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from array_api_compat import array_namespace

from controllers.arrays import Array
from controllers.elites import weighted_mean
from controllers.errors import require
from controllers.noise import spline_factor
from controllers.plan import Plan
from controllers.planner import GaussianPlanner

__all__ = ["MPPI", "path_integral_weights"]


@dataclass(frozen=True, kw_only=True)
class MPPI(GaussianPlanner):
    """MPPI.

    Attributes:
        temperature: lambda, in units of best minus median return; lower is greedier.
        knots: noise is a spline through this many knots; 0 means noise at every step.
        std_decay: d, factor on the standard deviation after each iteration of a control step.
    """

    name: ClassVar[str] = "mppi"

    colour: float = 1.0
    temperature: float = 0.1
    knots: int = 0
    std_decay: float = 0.7

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.temperature <= 100, "temperature", self.temperature, "above 0 to 100")
        allowed = f"0, or 2 to horizon ({self.horizon})"
        require(self.knots == 0 or 2 <= self.knots <= self.horizon, "knots", self.knots, allowed)
        require(0 < self.std_decay <= 1, "std_decay", self.std_decay, "above 0 to 1")

    def noise_shape(self, batch: int, action_size: int) -> tuple[int, int, int, int]:
        """`(B, N, H, A)`, or `(B, N, knots, A)` with a spline."""
        return (batch, self.candidates, self.knots or self.horizon, action_size)

    def noise_factor(self) -> np.ndarray | None:
        """`[H, K]`: how white noise is mixed along the horizon; None: not at all."""
        if self.knots:
            return spline_factor(self.horizon, self.knots, self.colour)
        return super().noise_factor()

    def update(self, plan: Plan, actions: Array, returns: Array) -> Plan:
        """The weighted mean of all candidates becomes the mean."""
        xp = array_namespace(actions)
        weights = path_integral_weights(returns, self.temperature)
        return replace(
            plan,
            mean=weighted_mean(weights, actions),
            std=xp.maximum(self.std_decay * plan.std, self.floor(plan) + xp.zeros_like(plan.std)),
            returns=weighted_mean(weights, returns),
            iteration=plan.iteration + 1,
        )


def path_integral_weights(returns: Array, temperature: float) -> Array:
    """Weights of candidates with `returns` `[B, N]`, -inf where unusable.

    Returns:
        `[B, N]`, summing to 1; unusable candidates have weight 0 (all of them, if none is usable).
    """
    xp = array_namespace(returns)
    usable = returns > -xp.inf
    count = xp.sum(xp.astype(usable, xp.int64), axis=1, keepdims=True)
    descending = -xp.sort(-returns, axis=1)
    median = xp.take_along_axis(descending, xp.clip((count - 1) // 2, 0, None), axis=1)
    # No infinity enters the arithmetic: infinity minus infinity is NaN.
    none = xp.zeros_like(descending[:, :1])
    best = xp.where(count > 0, descending[:, :1], none)
    unit = best - xp.where(count > 0, median, none)
    behind = best - xp.where(usable, returns, best)
    # Where most candidates tie for best, the unit would be 0 and the quotient overflow.
    precision = xp.finfo(returns.dtype)
    smallest = precision.eps * xp.max(behind, axis=1, keepdims=True) + precision.tiny**0.5
    unit = xp.maximum(unit, smallest)
    weights = xp.where(usable, xp.exp(-behind / (temperature * unit)), xp.zeros_like(returns))
    total = xp.sum(weights, axis=1, keepdims=True)
    return weights / xp.maximum(total, xp.ones_like(total))
