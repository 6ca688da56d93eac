"""The figures of a demo run, from its recordings.

Per seed, with the fault beginning at step k (None if nothing breaks):

    return_before_fault     sum of reward over steps [0, k)          the whole run if k is None
    return_after_fault      sum of reward over steps [k, T)
    mean_speed_before_fault distance over time, steps [0, k)         the whole run if k is None
    mean_speed_after_fault  distance over time in the 5 s after k, or what is left of the run
    recovery_s              see `recovery_time`; None also if it never does
    recovered, recovered_of how many seeds recovered, of how many it can be said
    model_error             mean one-step error after the fault (over the whole run if k is None),
                            of the prior (before adaptation) and of the adapted model (after)

Several seeds: the mean over seeds stands under each name, and the seeds and intervals beside it.
A figure that does not exist (nothing before a fault at 0 s; a robot that never recovers) is None.
Who never recovers counts in `recovered_of` and not in `recovered`; who broke too late to say counts
in neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from adaptive_control.episodes import Recording

__all__ = ["AFTER_FAULT_S", "bootstrap_interval", "recovery_time", "twin_metrics"]

AFTER_FAULT_S = 5.0
"""How long after the fault the mean speed is taken over [s]."""

RECOVERED = 0.9
"""Share of the mean speed before the fault that counts as recovered."""

RECOVERY_WINDOW_S = 1.0
"""Speed is averaged over this long before it is compared [s]; a stride takes less."""

Series = NDArray[np.float64]
Nested = dict[str, Any]


def twin_metrics(recording: Recording, fault_step: int | None) -> Nested:
    """All figures of one twin.

    Args:
        recording: T steps of B robots.
        fault_step: k, the first step under the fault; None if nothing breaks.

    Returns:
        The names above, each the figure of the only seed or the mean over seeds, with
        `plan_ms` and `adapt_ms` (wall-clock, all robots of the recording together, the first
        control step left out as warm-up). With several seeds also `interval_95` (bootstrap
        interval of the mean) and `per_seed`, where `recovered` is True, False, or None if it cannot
        be said.
    """
    per_seed = _per_seed(recording, fault_step)
    times = _recovery_times(recording, fault_step)
    metrics = _map(per_seed, _mean)
    # A mean over the seeds that recovered would reward never recovering; the median with "never" as
    # infinitely late does not.
    known = [t for t in times if t is not None]
    metrics["recovery_s"] = _finite_or_none(float(np.median(known))) if known else None
    metrics["recovered"] = int(np.isfinite(known).sum())
    metrics["recovered_of"] = len(known)
    if len(recording.seeds) > 1:
        metrics["interval_95"] = _map(per_seed, bootstrap_interval)
        metrics["per_seed"] = per_seed | {
            "recovery_s": [None if t is None else _finite_or_none(t) for t in times],
            "recovered": [None if t is None else bool(np.isfinite(t)) for t in times],
        }
    metrics["plan_ms"] = _percentiles(recording.plan_s, (50, 99))
    metrics["adapt_ms"] = _percentiles(recording.adapt_s, (50,))
    return metrics


def recovery_time(speed: Series, dt: float, fault_step: int) -> float | None:
    """How long after the fault the robot runs as it did before.

    Speed is averaged over the second that follows each step. The robot has recovered at the first
    step whose average is back at 90 % of the mean speed before the fault, after it had dropped
    below; 0 if it never dropped.

    Args:
        speed: `[T]` [m/s].
        dt: control period [s].
        fault_step: first step under the fault.

    Returns:
        Time since the fault [s]; infinity if it never recovers. None if it cannot be said: less
        than a second of the run is left, or the robot was not running forward before the fault.
    """
    before = speed[:fault_step].mean() if fault_step > 0 else 0.0
    after = speed[fault_step:]
    width = max(1, round(RECOVERY_WINDOW_S / dt))
    if not before > 0 or len(after) < width:
        return None
    running = np.convolve(after, np.full(width, 1.0 / width), mode="valid")
    well = running >= RECOVERED * before  # NaN compares false: a robot that blew up is not well
    if well.all():
        return 0.0
    dropped = int(np.argmin(well))
    back = np.flatnonzero(well[dropped:])
    return float((dropped + back[0]) * dt) if len(back) else math.inf


def bootstrap_interval(values: Sequence[float | None]) -> list[float] | None:
    """95 % bootstrap interval (BCa) of the mean over seeds; None with fewer than two figures."""
    known = np.asarray([v for v in values if v is not None], dtype=float)
    if len(known) < 2 or len(known) < len(values):
        return None
    if np.ptp(known) == 0:  # BCa is undefined where every resample is the same
        return [float(known[0])] * 2
    result = stats.bootstrap((known,), np.mean, confidence_level=0.95, rng=0)
    low, high = result.confidence_interval
    return [float(low), float(high)]


def _per_seed(recording: Recording, fault_step: int | None) -> Nested:
    """The sums and means of `twin_metrics`, each a list with one figure a seed."""
    steps, dt, position = recording.steps, recording.dt, recording.position
    k = steps if fault_step is None else fault_step
    end = min(steps, k + round(AFTER_FAULT_S / dt))
    broken = slice(0 if fault_step is None else k, None)
    return {
        "return": _numbers(recording.reward.sum(0)),
        "return_before_fault": _numbers(recording.reward[:k].sum(0), exists=k > 0),
        "return_after_fault": _numbers(recording.reward[k:].sum(0), exists=k < steps),
        "mean_speed_before_fault": _mean_speed(position, dt, 0, k),
        "mean_speed_after_fault": _mean_speed(position, dt, k, end),
        "model_error": {
            "before_adaptation": _numbers(_nanmean(recording.error_before[broken])),
            "after_adaptation": _numbers(_nanmean(recording.error_after[broken])),
        },
    }


def _recovery_times(recording: Recording, fault_step: int | None) -> list[float | None]:
    """Of each robot, as `recovery_time` says."""
    if fault_step is None:
        return [None] * len(recording.seeds)
    return [recovery_time(speed, recording.dt, fault_step) for speed in recording.speed.T]


def _mean_speed(position: Series, dt: float, first: int, last: int) -> list[float | None]:
    """Distance over time of each robot in steps `[first, last)`."""
    exists = last > first
    time = (last - first) * dt if exists else 1.0
    return _numbers((position[last] - position[first]) / time, exists=exists)


def _nanmean(series: Series) -> Series:
    """Mean over steps of what is finite, `[B]`; NaN where nothing is."""
    known = np.isfinite(series)
    count = known.sum(0)
    total = np.where(known, series, 0.0).sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _numbers(values: Series, exists: bool = True) -> list[float | None]:
    return [_finite_or_none(float(v)) if exists else None for v in values]


def _finite_or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _mean(values: list[float | None]) -> float | None:
    """The mean, or None if any seed has no figure: a mean over the others would mislead."""
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _percentiles(seconds: Series, percents: tuple[int, ...]) -> Nested:
    """Percentiles in milliseconds, without the first step, in which caches and threads warm up."""
    warm = seconds[1:]
    warm = warm[np.isfinite(warm)]
    return {f"p{p}": float(np.percentile(warm, p)) * 1e3 if len(warm) else None for p in percents}


def _map(nested: Nested, function: Callable[[list[float | None]], Any]) -> Nested:
    """Apply `function` to every list in a nested dictionary."""
    return {
        name: _map(value, function) if isinstance(value, dict) else function(value)
        for name, value in nested.items()
    }
