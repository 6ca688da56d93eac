"""How large a plan this machine can make within the control period.

Adapting and single iterations are timed for a grid of candidates N and horizons H, in turns: a few
calls of each size, then a few more of each, so that a second in which the machine is slow falls on
all sizes alike. Then whole ticks are timed with the largest plan that should fit, until one does.
Only the first call of each turn is left out; every call after it counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from controllers import MPCAgent, Plan
from controllers.planner import SamplingPlanner
from deploy.errors import DeployError
from deploy.runtime.bundle import Bundle
from deploy.runtime.machine import machine
from deploy.runtime.timing import Times, percentile, timed

__all__ = ["IterationTime", "Largest", "Profile", "profile_bundle"]

_TURNS = 5


@dataclass(frozen=True)
class IterationTime:
    """What one iteration of the planner takes [ms].

    Attributes:
        candidates: N.
        horizon: H.
        p50_ms: median.
        p99_ms: 99th percentile.
    """

    candidates: int
    horizon: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class ValueTime:
    """What the terminal value of N candidates takes: median [ms]."""

    candidates: int
    p50_ms: float


@dataclass(frozen=True)
class Largest:
    """The plan with the greatest N x H x iterations that fits.

    Attributes:
        candidates: N.
        horizon: H.
        iterations: a control step.
        tick_p99_ms: 99th percentile of a whole tick with it: observe, adapt, plan [ms].
    """

    candidates: int
    horizon: int
    iterations: int
    tick_p99_ms: float


@dataclass(frozen=True)
class Profile:
    """What a machine can do with a bundle.

    Attributes:
        dt: control period [s].
        budget_ms: what of it a tick may take [ms].
        machine: what was measured on.
        planner: the kind of planner.
        adapt_ms: adapting from a full window; zeros for a model that does not adapt.
        iterations: a row for each size.
        largest: None if nothing fits.
        value: a row for each N; empty for a bundle without terminal value.
    """

    dt: float
    budget_ms: float
    machine: dict[str, Any]
    planner: str
    adapt_ms: Times
    iterations: tuple[IterationTime, ...]
    largest: Largest | None
    value: tuple[ValueTime, ...] = ()


def profile_bundle(
    bundle: Bundle,
    *,
    budget: float,
    repeats: int,
    candidates: Sequence[int],
    horizons: Sequence[int],
    progress: Callable[[int, int], None] | None = None,
) -> Profile:
    """Measure.

    Args:
        bundle: what to run; the kind and number of iterations of its planner are kept.
        budget: part of the control period that a tick may take.
        repeats: calls a size.
        candidates: N to try.
        horizons: H to try.
        progress: told `(done, total)` after each size.

    Raises:
        DeployError: a setting cannot be used.
    """
    if not 0 < budget <= 1:
        raise DeployError(f"budget: {budget:g} is not allowed; allowed: above 0 to 1")
    if repeats < 2:
        raise DeployError(f"repeats: {repeats} is not allowed; allowed: integers from 2")
    planner = bundle.manifest.planner
    budget_ms = 1e3 * bundle.manifest.dt * budget
    sizes = [(n, h) for h in horizons for n in candidates]
    turns = _turns(repeats)
    adapting: list[np.ndarray] = []
    taken: dict[tuple[int, int], list[np.ndarray]] = {size: [] for size in sizes}
    valued = {count: list[np.ndarray]() for count in candidates if bundle.value is not None}
    for turn, calls in enumerate(turns):
        adapting.append(_adapt_times(bundle, calls) if bundle.manifest.adapts else np.zeros(1))
        for done, size in enumerate(sizes):
            if not (taken[size] and _hopeless(taken[size][0], budget_ms)):
                sized = _resized(planner, *size)
                taken[size].append(_iteration_times(bundle, sized, calls, budget_ms))
            if progress is not None:
                progress(turn * len(sizes) + done + 1, len(turns) * len(sizes))
        for count, parts in valued.items():
            parts.append(_value_times(bundle, count, calls))
    adapt = np.concatenate(adapting)
    times = {size: np.concatenate(parts) for size, parts in taken.items()}
    rows = [
        IterationTime(*size, percentile(each, 50), percentile(each, 99))
        for size, each in times.items()
    ]
    return Profile(
        dt=bundle.manifest.dt,
        budget_ms=budget_ms,
        machine=machine(),
        planner=planner.name,
        adapt_ms=Times.of(adapt),
        iterations=tuple(rows),
        largest=_largest(bundle, planner, rows, percentile(adapt, 99), budget_ms, repeats),
        value=tuple(
            ValueTime(count, percentile(np.concatenate(parts), 50))
            for count, parts in valued.items()
        ),
    )


def _largest(
    bundle: Bundle, planner: SamplingPlanner, rows: Sequence[IterationTime], adapt_ms: float,
    budget_ms: float, repeats: int,
) -> Largest | None:  # fmt: skip
    """The largest plan whose ticks, measured as a whole, fit."""
    plans = []
    for row in rows:
        sized = _resized(planner, row.candidates, row.horizon)
        steps = sized.lookahead.model_steps(row.candidates, row.horizon)
        each_ms = row.p99_ms * steps / (row.candidates * row.horizon)  # if some are dropped
        most = math.floor((budget_ms - adapt_ms) / each_ms)
        # Fewer iterations than the planner is set to are another planner, though an anytime one.
        for count in range(planner.iterations, most + 1):
            plans.append(
                (row.candidates * row.horizon * count, adapt_ms + count * each_ms, count, row)
            )
    plans.sort(key=lambda plan: plan[0], reverse=True)
    while plans:
        _, expected, count, row = plans[0]
        sized = replace(_resized(planner, row.candidates, row.horizon), iterations=count)
        p99 = percentile(_tick_times(bundle, sized, repeats), 99)
        if p99 <= budget_ms:
            return Largest(row.candidates, row.horizon, count, p99)
        # The whole takes longer than its parts: so it will for the plans that are left.
        plans = [plan for plan in plans if plan[1] * p99 / expected <= budget_ms]
    return None


def _resized(planner: SamplingPlanner, candidates: int, horizon: int) -> SamplingPlanner:
    """The planner at another size; what depends on the size keeps its part of it."""
    changes: dict[str, Any] = {"candidates": candidates, "horizon": horizon}
    elites = getattr(planner, "elites", None)
    if elites is not None:
        changes["elites"] = max(1, round(elites * candidates / planner.candidates))
    knots = getattr(planner, "knots", 0)
    if knots > horizon:
        changes["knots"] = horizon
    return replace(planner, **changes)


def _adapt_times(bundle: Bundle, repeats: int) -> np.ndarray:
    agent = _filled_agent(bundle, bundle.manifest.planner)
    model = agent.model
    return timed(lambda: model.adapt(agent.window), 4 * repeats)


def _iteration_times(
    bundle: Bundle, planner: SamplingPlanner, repeats: int, budget_ms: float
) -> np.ndarray:
    """Single iterations; fewer of those that are far too slow to be of use."""
    agent = _filled_agent(bundle, planner)
    context, observation = agent.model.adapt(agent.window), _observation(bundle)
    shape = planner.noise_shape(1, len(bundle.manifest.action))
    # Beside a robot noise is drawn while waiting for the observation (`MPCAgent.prepare`).
    noise = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    plan: Plan = agent.plan

    def iterate() -> None:
        planner.improve(
            plan, lambda actions: agent.model.returns(context, observation, actions), noise
        )

    first = timed(iterate, min(3, repeats))
    return first if _hopeless(first, budget_ms) else timed(iterate, repeats)


def _value_times(bundle: Bundle, candidates: int, repeats: int) -> np.ndarray:
    states = np.repeat(_observation(bundle), candidates, axis=0)
    return timed(partial(bundle.model().value, states), repeats)


def _hopeless(taken: np.ndarray, budget_ms: float) -> bool:
    """Whether iterations are so slow that a few of them say enough."""
    return float(taken.min()) > 2 * budget_ms


def _turns(repeats: int) -> list[int]:
    """Calls a turn: as even as can be, two at least."""
    count = min(_TURNS, repeats // 2)
    return [repeats // count + (turn < repeats % count) for turn in range(count)]


def _tick_times(bundle: Bundle, planner: SamplingPlanner, repeats: int) -> np.ndarray:
    """Whole ticks: a transition, adapting, planning."""
    agent = _filled_agent(bundle, planner)
    row = [bundle.golden[f"recorded/{name}"][:1] for name in _TRANSITION]

    def tick() -> None:
        agent.observe(*row)
        agent.act(row[2])

    return timed(tick, repeats, before=agent.prepare)


_TRANSITION = ("observation", "action", "next_observation")


def _filled_agent(bundle: Bundle, planner: Any) -> MPCAgent:
    """An agent whose window is full."""
    agent = bundle.agent(planner=planner)
    values = [bundle.golden[f"recorded/{name}"] for name in _TRANSITION]
    for step in range(bundle.manifest.window):
        agent.observe(*(value[step % len(value)][None] for value in values))
    return agent


def _observation(bundle: Bundle) -> np.ndarray:
    return bundle.golden["recorded/observation"][:1]
