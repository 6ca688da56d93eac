"""The planner contract, and what every planner shares: limits, warm start, what counts as best.

A planner improves a distribution over action sequences by trying candidates on a model:

    plan = planner.start(batch, low, high)
    every control step:
        plan = planner.shift(plan)                          # warm start from the step before
        as often as time allows:
            plan = planner.improve(plan, score, noise)      # one iteration
        execute plan.action

An algorithm is two methods: `propose` (candidates from noise) and `update` (plan from returns).
All is pure: settings are frozen, the plan is explicit, noise is an argument, nothing branches on
data. Robots in a batch never see each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from array_api_compat import array_namespace, device

from controllers.arrays import Array, bounded, choose
from controllers.errors import require
from controllers.fields import UNSAID
from controllers.lookahead import Lookahead
from controllers.noise import coloured_factor, shape_noise
from controllers.plan import Execute, Plan, Score, choose_plan
from controllers.returns import best_of, finite_returns

__all__ = ["GaussianPlanner", "Planner", "SamplingPlanner"]


@runtime_checkable
class Planner(Protocol):
    """What the agent needs of a planner. Implementations are frozen dataclasses of settings."""

    @property
    def iterations(self) -> int:
        """Iterations a control step, where nothing else limits them."""
        ...

    @property
    def lookahead(self) -> Lookahead:
        """How far candidates are followed, what is expected beyond, and what danger costs."""
        ...

    def start(self, batch: int, action_low: Array, action_high: Array) -> Plan:
        """A plan that knows nothing; `action_low`, `action_high` `[A]` set type and device."""
        ...

    def noise_shape(self, batch: int, action_size: int) -> tuple[int, int, int, int]:
        """Shape of the standard normal noise that one `improve` takes."""
        ...

    def improve(self, plan: Plan, score: Score, noise: Array) -> Plan:
        """One iteration."""
        ...

    def shift(self, plan: Plan) -> Plan:
        """The plan one control step later."""
        ...


_MOST_STEPS = 5_000_000
"""Steps of all candidates of one iteration: beyond it, noise alone takes gigabytes."""


@dataclass(frozen=True, kw_only=True)
class SamplingPlanner:
    """Settings and steps that all sampling planners share.

    Attributes:
        candidates: N, action sequences tried in an iteration.
        horizon: H, control steps planned ahead.
        iterations: iterations a control step.
        execute: "mean" executes the mean of the plan, "best" the best candidate. The best
            candidate overfits a model that is wrong by design.
        terminal: weight of the model's terminal value, what it expects beyond the horizon; 0:
            nothing counts but the horizon. With it, shorter ones may do.
        halve_every: control steps after which the worse half of the candidates is dropped, judged
            with the terminal value; 0: all are followed to the end of the horizon.
        caution: how many times over what the robot's caution charges (unease, and the cost of an
            unsafe state) counts; 0: unsafe states end a sequence, and cost nothing else.
    """

    name: ClassVar[str]

    candidates: int = 200
    horizon: int = 15
    iterations: int = 3
    execute: Execute = "mean"
    terminal: float = 0.0
    halve_every: int = 0
    caution: float = field(default=1.0, metadata=UNSAID)

    def __post_init__(self) -> None:
        for name, least, most in (
            ("candidates", 2, 100_000), ("horizon", 1, 1000), ("iterations", 1, 1000),
        ):  # fmt: skip
            value = getattr(self, name)
            require(least <= value <= most, name, value, f"integers from {least} to {most}")
        steps = self.candidates * self.horizon
        require(steps <= _MOST_STEPS, "candidates x horizon", steps, f"up to {_MOST_STEPS}")
        require(self.execute in ("mean", "best"), "execute", self.execute, "mean, best")
        require(0 <= self.terminal <= 10, "terminal", self.terminal, "0 to 10")
        require(self.halve_every >= 0, "halve_every", self.halve_every, "integers from 0")
        require(0 <= self.caution <= 100, "caution", self.caution, "0 to 100")

    # What an algorithm defines.

    @property
    def kept_count(self) -> int:
        """K, elites carried from one iteration to the next."""
        return 0

    def spread(self, half_range: Array) -> Array:
        """Standard deviation `[A]` that a new or shifted plan starts with."""
        raise NotImplementedError

    def propose(self, plan: Plan, noise: Array) -> Array:
        """Candidates `[B, n, H, A]`, n at most N; clipped by the caller."""
        raise NotImplementedError

    def update(self, plan: Plan, actions: Array, returns: Array) -> Plan:
        """The plan after trying `actions` `[B, n, H, A]`; unusable `returns` `[B, n]` are -inf."""
        raise NotImplementedError

    @property
    def fewest(self) -> int:
        """Candidates that must be followed to the end of the horizon."""
        return 1

    # What all algorithms share.

    @property
    def lookahead(self) -> Lookahead:
        """How far candidates are followed, what is expected beyond, and what danger costs."""
        return Lookahead(self.terminal, self.halve_every, self.fewest, self.caution)

    def noise_shape(self, batch: int, action_size: int) -> tuple[int, int, int, int]:
        """`(B, N, H, A)`."""
        return (batch, self.candidates, self.horizon, action_size)

    def start(self, batch: int, action_low: Array, action_high: Array) -> Plan:
        """A plan that knows nothing: the middle of the limits.

        Args:
            batch: B.
            action_low: `[A]`, finite; its namespace, type and device become the plan's.
            action_high: `[A]`, finite, above `action_low`.

        Raises:
            PlannerError: when the limits are not finite or leave no room.
        """
        require(batch >= 1, "batch", batch, "integers from 1")
        xp = array_namespace(action_low, action_high)
        usable = xp.all(xp.isfinite(action_low) & xp.isfinite(action_high))
        require(bool(usable), "action limits", "not finite", "finite numbers")
        roomy = xp.all(action_low < action_high)
        require(bool(roomy), "action limits", "low not below high", "low < high")

        middle = (action_low + action_high) / 2
        shape = (batch, self.horizon, action_low.shape[0])
        options = {"dtype": action_low.dtype, "device": device(action_low)}
        zeros = xp.zeros(shape, **options)
        unknown = xp.full((batch,), -xp.inf, **options)
        kept = self.kept_count
        return Plan(
            mean=zeros + middle,
            std=zeros + self.spread((action_high - action_low) / 2),
            returns=unknown,
            best=zeros + middle,
            best_returns=unknown,
            kept=xp.zeros((batch, kept, *shape[1:]), **options),
            kept_valid=xp.zeros((batch, kept), dtype=xp.bool, device=device(action_low)),
            action_low=action_low,
            action_high=action_high,
            execute=self.execute,
        )

    def improve(self, plan: Plan, score: Score, noise: Array) -> Plan:
        """One iteration: propose, clip, score, update.

        The first candidate is the current mean, so a good warm start is measured and not lost.
        Exactly the clipped candidates are scored. Robots none of whose candidates has a finite
        return keep their plan.

        Args:
            plan: the plan so far.
            score: `actions [B, n, H, A] -> returns [B, n]`.
            noise: standard normal, `noise_shape(B, A)`.

        Returns:
            The improved plan; `best_returns` never falls.
        """
        xp = array_namespace(plan.mean)
        actions = bounded(self.propose(plan, noise), plan.action_low, plan.action_high)
        actions = xp.concat([plan.mean[:, None], actions[:, 1:]], axis=1)
        returns = finite_returns(score(actions))

        updated = self.update(plan, actions, returns)
        mean = bounded(updated.mean, plan.action_low, plan.action_high)  # sums round past limits

        candidate, candidate_returns = best_of(actions, returns, 1)
        better = candidate_returns[:, 0] > plan.best_returns
        updated = replace(
            updated,
            mean=mean,
            best=choose(better, candidate[:, 0], plan.best),
            best_returns=choose(better, candidate_returns[:, 0], plan.best_returns),
        )
        found = candidate_returns[:, 0] > -xp.inf
        unchanged = replace(
            plan,
            returns=xp.full_like(plan.returns, -xp.inf),
            iteration=plan.iteration + 1,
        )
        return choose_plan(found, updated, unchanged)

    def shift(self, plan: Plan) -> Plan:
        """The plan one control step later: all sequences move by one, the last action repeats.

        Candidates spread as widely again as at the start. Returns become unknown, because they
        were promised from another state.
        """
        xp = array_namespace(plan.mean)
        unknown = xp.full_like(plan.returns, -xp.inf)
        return replace(
            plan,
            mean=_advance(plan.mean),
            std=xp.zeros_like(plan.std) + self.spread((plan.action_high - plan.action_low) / 2),
            returns=unknown,
            best=_advance(plan.best),
            best_returns=unknown,
            kept=_advance(plan.kept),
            iteration=0,
        )


@dataclass(frozen=True, kw_only=True)
class GaussianPlanner(SamplingPlanner):
    """Candidates spread normally around the mean.

    Attributes:
        std: initial standard deviation, as a fraction of half the action range.
        std_min: floor that the standard deviation never falls below, same unit.
        colour: exponent of the noise spectrum along the horizon: 0 white, 1 pink, 2 red.
    """

    std: float = 0.5
    std_min: float = 0.05
    colour: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.std <= 10, "std", self.std, "above 0 to 10")
        allowed = f"above 0 to std ({self.std})"
        require(0 < self.std_min <= self.std, "std_min", self.std_min, allowed)
        require(0 <= self.colour <= 4, "colour", self.colour, "0 to 4")

    def spread(self, half_range: Array) -> Array:
        """`std` times half the range of each action, `[A]`."""
        return self.std * half_range

    def floor(self, plan: Plan) -> Array:
        """The least standard deviation of each action, `[A]`."""
        return self.std_min * (plan.action_high - plan.action_low) / 2

    def noise_factor(self) -> np.ndarray | None:
        """`[H, K]`: how white noise is mixed along the horizon; None: not at all."""
        return coloured_factor(self.horizon, self.colour) if self.colour else None

    def propose(self, plan: Plan, noise: Array) -> Array:
        """`mean + std * coloured noise`, `[B, N, H, A]`."""
        factor = self.noise_factor()
        mixed = noise if factor is None else shape_noise(factor, noise)
        return plan.mean[:, None] + plan.std[:, None] * mixed


def _advance(sequences: Array) -> Array:
    """Sequences `[..., H, A]` one step later, the last action repeated."""
    xp = array_namespace(sequences)
    return xp.concat([sequences[..., 1:, :], sequences[..., -1:, :]], axis=-2)
