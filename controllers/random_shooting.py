r"""Random shooting: try uniform action sequences, keep the best.

$$u^{(i)} \sim \mathcal U(u_{low}, u_{high}), \qquad
\mu = \tfrac1E \textstyle\sum_{i \in elite} u^{(i)}$$

Richards, "Robust constrained model predictive control" (2005); Nagabandi et al., "Neural network
dynamics for model-based deep RL with model-free fine-tuning" (2018), section IV-C. The first
candidate is the plan of the step before, so what was found is kept until something beats it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from array_api_compat import array_namespace

from controllers.arrays import Array
from controllers.elites import weighted_mean, weights_of
from controllers.errors import require
from controllers.plan import Plan
from controllers.planner import SamplingPlanner
from controllers.returns import best_of

__all__ = ["RandomShooting"]


@dataclass(frozen=True, kw_only=True)
class RandomShooting(SamplingPlanner):
    """Random shooting.

    Attributes:
        elites: E, the plan is the mean of this many best candidates. 1 is the algorithm of the
            papers; averages of unrelated uniform sequences soon come near to doing nothing.
    """

    name: ClassVar[str] = "random-shooting"

    candidates: int = 600
    iterations: int = 1
    elites: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = f"1 to candidates ({self.candidates})"
        require(1 <= self.elites <= self.candidates, "elites", self.elites, allowed)

    @property
    def fewest(self) -> int:
        """Candidates that must be followed to the end of the horizon: the elites."""
        return self.elites

    def spread(self, half_range: Array) -> Array:
        """The standard deviation of a uniform distribution, `[A]`."""
        return half_range / math.sqrt(3)

    def propose(self, plan: Plan, noise: Array) -> Array:
        """Uniform candidates inside the limits, `[B, N, H, A]`."""
        return plan.action_low + (plan.action_high - plan.action_low) * uniform_from_normal(noise)

    def update(self, plan: Plan, actions: Array, returns: Array) -> Plan:
        """The mean of the elites becomes the plan."""
        elites, elite_returns = best_of(actions, returns, self.elites)
        weights = weights_of(elite_returns)
        return replace(
            plan,
            mean=weighted_mean(weights, elites),
            returns=weighted_mean(weights, elite_returns),
            iteration=plan.iteration + 1,
        )


def uniform_from_normal(noise: Array) -> Array:
    """Uniform numbers in [0, 1] from standard normal ones, any shape.

    The normal distribution function with the tanh approximation of Hendrycks and Gimpel (2016),
    off by less than 0.0005: the array API has no error function.
    """
    xp = array_namespace(noise)
    return (1 + xp.tanh(math.sqrt(2 / math.pi) * (noise + 0.044715 * noise * noise * noise))) / 2
