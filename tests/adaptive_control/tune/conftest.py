"""A profile of a fast robot computer, and studies small enough for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.evaluate import Job, Result
from adaptive_control.tune.latency import IterationCost, LatencyTable
from adaptive_control.tune.pool import Done
from adaptive_control.tune.run import prepare
from adaptive_control.tune.space import Space

PROFILE = {
    "dt": 0.05,
    "adapt_ms": {"p50": 0.15, "p95": 0.2, "p99": 0.25, "max": 1.0},
    "iterations": [
        {"candidates": 64, "horizon": 5, "p50_ms": 0.6, "p99_ms": 0.8},
        {"candidates": 256, "horizon": 15, "p50_ms": 3.9, "p99_ms": 4.4},
        {"candidates": 1024, "horizon": 15, "p50_ms": 14.5, "p99_ms": 16.0},
        {"candidates": 1024, "horizon": 40, "p50_ms": 38.0, "p99_ms": 42.0},
    ],
}

SMALL = TuneConfig(
    trials=4, generation=2, workers=1, robots=2, first=2, steps=5, horizon=(2, 6),
    candidates=(4, 24), iterations=(1, 2), sweep=2, check_seeds=1, timeout=None,
    default="cem:candidates=12,horizon=4,iterations=1,elites=4",
)  # fmt: skip

SPACE = Space(("cem", "icem", "mppi", "random-shooting"), (5, 40), (32, 1024), (1, 6), (4, 16), 16)

TABLE = LatencyTable(
    "test", 0.05, 0.1, 0.2, 16,
    tuple(
        IterationCost(n, h, 0.1 + 0.001 * n * h, 0.2 + 0.0012 * n * h)
        for n in (32, 256, 1024) for h in (5, 15, 40)
    ),
)  # fmt: skip


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(PROFILE))
    return path


@pytest.fixture
def small(tmp_path: Path, profile: Path) -> Callable[..., TuneConfig]:
    """`(folder name, changes) -> configuration` of a real study that takes seconds."""

    def config(name: str = "study", **changes: Any) -> TuneConfig:
        return prepare(replace(SMALL, out=tmp_path / name, profile=profile, **changes))

    return config


class FormulaPool:
    """Robots whose returns are a formula, with a best setting that is known.

    Args:
        stop_after: raise KeyboardInterrupt instead of running the next job.
    """

    workers = 1

    def __init__(self, stop_after: int | None = None):
        self.jobs: list[Job] = []
        self._stop_after = stop_after

    def run(self, jobs: Sequence[Job], done: Done) -> list[Result]:
        results = []
        for place, job in enumerate(jobs):
            if self._stop_after is not None and len(self.jobs) >= self._stop_after:
                raise KeyboardInterrupt
            self.jobs.append(job)
            results.append(formula(job))
            done(place, results[-1])
        return results


def formula(job: Job) -> Result:
    """More candidates are better, a horizon of 15 is best, and every robot has its luck."""
    planner = job.setting.parsed
    value = np.log(planner.candidates) - ((planner.horizon - 15) / 10) ** 2
    luck = np.array([scenario.seed % 7 for scenario in job.scenarios])
    returns = tuple((10 * value + luck).tolist())
    return Result(returns, tuple(0.1 for _ in returns), True, 0.0)
