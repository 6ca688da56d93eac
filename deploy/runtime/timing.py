"""How long something takes, call by call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Times", "percentile", "timed"]


@dataclass(frozen=True)
class Times:
    """Percentiles of a duration [ms]."""

    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, taken: np.ndarray) -> Times:
        """Those of durations [ms]."""
        return cls(*(percentile(taken, q) for q in (50, 95, 99, 100)))


def timed(
    call: Callable[[], Any], repeats: int, before: Callable[[], Any] = lambda: None
) -> np.ndarray:
    """Durations of `repeats` calls after a first one [ms]; what comes before each is not in it."""
    call()
    taken = np.empty(repeats)
    for i in range(repeats):
        before()
        start = time.perf_counter()
        call()
        taken[i] = 1e3 * (time.perf_counter() - start)
    return taken


def percentile(taken: np.ndarray, percent: float) -> float:
    """The smallest measured value that so many are not above; never one between two measured."""
    return float(np.percentile(taken, percent, method="inverted_cdf"))
