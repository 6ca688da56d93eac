"""Return against horizon, everything else tuned anew for each.

The search spends its trials where they pay, so far from the best horizon it has seen few settings
and its best there may be a poor one. The sweep moves the best settings of all to each horizon, with
fewer candidates where they would not meet the period, and lets the best of them and of the search's
own trials near that horizon speak for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.evaluate import Job
from adaptive_control.tune.latency import LatencyTable
from adaptive_control.tune.pool import Pool, run_jobs
from adaptive_control.tune.search import Tried
from adaptive_control.tune.setting import Scenario, Setting
from adaptive_control.tune.space import Space, with_candidates
from adaptive_control.tune.store import Store
from controllers import format_planner

__all__ = ["AtHorizon", "best_by_horizon", "sweep", "sweep_horizons"]

_BASES = 2
"""Settings that are moved to each horizon."""

_FEWER = 0.7
"""Candidates shrink by this factor until the period is met."""


@dataclass(frozen=True)
class AtHorizon:
    """The best known at about a horizon.

    Attributes:
        horizon: H that stands for the bin [control steps].
        tried: the best of the bin.
        count: settings in the bin.
    """

    horizon: int
    tried: Tried
    count: int


def sweep_horizons(config: TuneConfig) -> list[int]:
    """The horizons, evenly from the least to the greatest."""
    low, high = config.horizon
    steps = max(1, config.sweep - 1)
    return sorted({round(low + (high - low) * i / steps) for i in range(config.sweep)})


def sweep(
    config: TuneConfig,
    space: Space,
    tried: Sequence[Tried],
    table: LatencyTable,
    scenarios: tuple[Scenario, ...],
    store: Store,
    pool: Pool,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> list[Tried]:
    """Try the best settings at each horizon of the sweep."""
    limit = config.share * table.dt * 1e3
    best = sorted((t for t in tried if t.tick.p99_ms <= limit), key=lambda t: -t.result.mean)
    moved = {
        fitted
        for horizon in sweep_horizons(config)
        for one in best[:_BASES]
        if (fitted := _fitted(space.with_horizon(one.setting, horizon), space, table, limit))
    }
    new = sorted(moved - {t.setting for t in tried}, key=lambda setting: setting.key)
    jobs = [Job(setting, scenarios, config.steps, config.robots) for setting in new]
    results = run_jobs(jobs, "sweep", store, pool, lambda count: watch(count, len(jobs)))
    return [
        Tried(setting, table.tick(setting), result, "sweep")
        for setting, result in zip(new, results, strict=True)
    ]


def best_by_horizon(tried: Sequence[Tried], horizons: Sequence[int]) -> list[AtHorizon]:
    """The best of each bin; every setting belongs to the horizon that is nearest to its own."""
    found = []
    for horizon in horizons:
        near = [t for t in tried if _nearest(t.setting.parsed.horizon, horizons) == horizon]
        if near:
            best = max(near, key=lambda t: t.result.mean)
            found.append(AtHorizon(horizon, best, len(near)))
    return found


def _nearest(horizon: int, horizons: Sequence[int]) -> int:
    return min(horizons, key=lambda h: (abs(h - horizon), h))


def _fitted(setting: Setting, space: Space, table: LatencyTable, limit_ms: float) -> Setting | None:
    """The setting with so few candidates that it meets the limit; None if none are few enough."""
    while table.tick(setting).p99_ms > limit_ms:
        planner = setting.parsed
        fewer = int(planner.candidates * _FEWER)
        if fewer < space.candidates[0]:
            return None
        setting = replace(setting, planner=format_planner(with_candidates(planner, fewer)))
    return setting
