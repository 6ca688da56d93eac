r"""CEM, the cross-entropy method: fit a normal distribution to the elites, again and again.

$$u^{(i)} = \mu + \sigma\,\epsilon^{(i)}, \qquad
\mu \leftarrow m\,\mu + (1-m)\,\tfrac1E \textstyle\sum_{elite} u^{(i)}, \qquad
\sigma \leftarrow m_+\,\sigma + (1-m_+)\,\mathrm{std}_{elite}(u), \quad m_+ = \max(m, 0)$$

With m below 0 the mean goes beyond that of the elites (over-relaxation). Few candidates in many
dimensions agree on a direction long before their mean is far along it: with two or three iterations
it pays to go further (docs/decisions/0013).

Rubinstein and Kroese, "The Cross-Entropy Method" (2004); Chua et al., "Deep reinforcement learning
in a handful of trials using probabilistic dynamics models" (2018), section 5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from array_api_compat import array_namespace

from controllers.arrays import Array
from controllers.elites import weighted_mean, weights_of
from controllers.errors import require
from controllers.plan import Plan
from controllers.planner import GaussianPlanner
from controllers.returns import best_of

__all__ = ["CEM"]


@dataclass(frozen=True, kw_only=True)
class CEM(GaussianPlanner):
    """The cross-entropy method.

    Attributes:
        elites: E, candidates that the distribution is fitted to.
        momentum: m, how much of the old mean and standard deviation remains; below 0 the mean
            goes beyond that of the elites, by as much of the way to it.
    """

    name: ClassVar[str] = "cem"

    elites: int = 20
    momentum: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = f"1 to candidates ({self.candidates}); {type(self).elites} if not given"
        require(1 <= self.elites <= self.candidates, "elites", self.elites, allowed)
        require(-3 <= self.momentum < 1, "momentum", self.momentum, "-3 to below 1")

    @property
    def fewest(self) -> int:
        """Candidates that must be followed to the end of the horizon: the elites."""
        return self.elites

    def update(self, plan: Plan, actions: Array, returns: Array) -> Plan:
        """Mean and standard deviation move to those of the elites."""
        elites, elite_returns = best_of(actions, returns, self.elites)
        return self.fit(plan, elites, elite_returns)

    def fit(self, plan: Plan, elites: Array, elite_returns: Array) -> Plan:
        """The plan fitted to `elites` `[B, E, H, A]`; those with return -inf do not count."""
        xp = array_namespace(elites)
        weights = weights_of(elite_returns)
        mean = weighted_mean(weights, elites)
        std = xp.sqrt(weighted_mean(weights, (elites - mean[:, None]) ** 2))
        old, remains = self.momentum, max(self.momentum, 0.0)
        std = remains * plan.std + (1 - remains) * std
        return replace(
            plan,
            mean=old * plan.mean + (1 - old) * mean,
            std=xp.maximum(std, self.floor(plan) + xp.zeros_like(std)),
            returns=weighted_mean(weights, elite_returns),
            iteration=plan.iteration + 1,
        )
