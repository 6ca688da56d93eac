"""Percentiles of times, and the list of missed deadlines, in memory that does not grow."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

__all__ = ["Miss", "Misses", "Times", "TimesTable"]

_LEAST = 1e-7
_RATIO = 1.005
_BINS = 4300  # up to 200 s

PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}

MOST_LISTED = 1000


class Times:
    """A histogram with bins of half a per cent; the maximum is exact."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, np.int64)
        self._greatest = 0.0
        self._count = 0

    @property
    def count(self) -> int:
        """Times seen."""
        return self._count

    def add(self, seconds: float) -> None:
        """Take in a time [s]."""
        if seconds > _LEAST:
            index = min(_BINS - 1, 1 + int(math.log(seconds / _LEAST) / math.log(_RATIO)))
        else:
            index = 0
        self._counts[index] += 1
        self._greatest = max(self._greatest, seconds)
        self._count += 1

    def percentile(self, part: float) -> float:
        """The time [s] that this part of all times do not exceed; NaN of none."""
        if not self._count:
            return math.nan
        rank = max(1, math.ceil(part * self._count))
        index = int(np.searchsorted(np.cumsum(self._counts), rank))
        # The upper edge of the bin: never better than what was measured.
        return min(self._greatest, _LEAST * _RATIO**index)

    def summary(self) -> dict[str, float]:
        """`p50`, `p95`, `p99` and `max` [ms]."""
        values = {name: 1e3 * self.percentile(part) for name, part in PERCENTILES.items()}
        values["max"] = 1e3 * self._greatest if self._count else math.nan
        return values


_NONE = Times()


class TimesTable:
    """Times by the name of the stage."""

    def __init__(self) -> None:
        self._stages: dict[str, Times] = {}

    def add(self, stage: str, seconds: float) -> None:
        """Take in a time [s] of a stage."""
        times = self._stages.get(stage)
        if times is None:
            times = self._stages[stage] = Times()
        times.add(seconds)

    def of(self, stage: str) -> tuple[float, ...]:
        """p50, p95, p99 and greatest time of one stage [ms]; NaN of none."""
        return tuple(self._stages.get(stage, _NONE).summary().values())

    def summary(self) -> dict[str, dict[str, float]]:
        """For each stage `p50`, `p95`, `p99` and `max` [ms]."""
        return {name: times.summary() for name, times in self._stages.items()}


@dataclass(frozen=True)
class Miss:
    """A deadline that was missed.

    Attributes:
        tick: of the shield.
        who: "shield" or "planner".
        cause: in words.
    """

    tick: int
    who: str
    cause: str


class Misses:
    """All are counted; the first thousand are listed."""

    def __init__(self) -> None:
        self.counts = {"shield": 0, "planner": 0}
        self.listed: list[Miss] = []

    def add(self, miss: Miss, times: int = 1) -> None:
        """Take in a missed deadline, or several with one cause."""
        self.counts[miss.who] += times
        if len(self.listed) < MOST_LISTED:
            self.listed.append(miss)

    def explain(self, index: int, cause: str) -> None:
        """Give the listed miss `index` a better cause."""
        if index < len(self.listed):
            self.listed[index] = replace(self.listed[index], cause=cause)

    def summary(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.counts, "list": [asdict(miss) for miss in self.listed]}
