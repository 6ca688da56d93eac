r"""iCEM: CEM that needs far fewer candidates, because it forgets less and explores smoothly.

Four changes to CEM, all from Pinneri et al., "Sample-efficient cross-entropy method for real-time
planning" (2020), section 3:

1. noise is coloured along the horizon, $\epsilon \sim 1/f^\beta$ (3.1);
2. the best elites are *kept* for the next iteration, and *shifted* to the next control step (3.2);
3. the population decays, $N_i = \max(N \gamma^{-i}, 2E)$, as the distribution narrows (3.2);
4. the mean is a candidate (3.3) - here in every iteration, as for every planner of this package.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from array_api_compat import array_namespace

from controllers.arrays import Array
from controllers.cem import CEM
from controllers.errors import require
from controllers.plan import Plan
from controllers.returns import best_of

__all__ = ["ICEM"]


@dataclass(frozen=True, kw_only=True)
class ICEM(CEM):
    """iCEM.

    The paper chooses the colour for each task. Gaits at 20 Hz want it low: with 2 (red noise)
    half-cheetah and ant run at 0.6 of the speed that they have with 0.5 and 0.25.

    Attributes:
        keep: elites kept for the next iteration and, shifted, for the next control step.
        decay: gamma, the population shrinks by this factor each iteration; 1 keeps it constant.
    """

    name: ClassVar[str] = "icem"

    colour: float = 0.5
    keep: int = 6
    decay: float = 1.25

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = f"0 to elites ({self.elites}), below candidates ({self.candidates})"
        kept_fit = 0 <= self.keep <= self.elites and self.keep < self.candidates
        require(kept_fit, "keep", self.keep, allowed)
        require(1 <= self.decay <= 10, "decay", self.decay, "1 to 10")

    @property
    def kept_count(self) -> int:
        """K, elites carried from one iteration to the next."""
        return self.keep

    def population(self, iteration: int) -> int:
        """Candidates tried in iteration 0, 1, ...; a plain number, so shapes stay static."""
        decayed = int(self.candidates * self.decay**-iteration)
        return min(self.candidates, max(decayed, 2 * self.elites))

    def propose(self, plan: Plan, noise: Array) -> Array:
        """Coloured candidates; kept elites take the slots after the first, `[B, n, H, A]`."""
        xp = array_namespace(noise)
        sampled = super().propose(plan, noise[:, : self.population(plan.iteration)])
        slots = slice(1, 1 + self.keep)  # slot 0 is the mean
        # A robot that has kept nothing yet (just started or reset) samples these slots too.
        kept = xp.where(plan.kept_valid[:, :, None, None], plan.kept, sampled[:, slots])
        return xp.concat([sampled[:, :1], kept, sampled[:, slots.stop :]], axis=1)

    def update(self, plan: Plan, actions: Array, returns: Array) -> Plan:
        """CEM's update; the best elites are kept."""
        xp = array_namespace(actions)
        elites, elite_returns = best_of(actions, returns, self.elites)
        fitted = self.fit(plan, elites, elite_returns)
        valid = elite_returns[:, : self.keep] > -xp.inf
        return replace(fitted, kept=elites[:, : self.keep], kept_valid=valid)
