"""The figures of an evaluation, each a small pure function of what the episodes recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "LEAST_ORACLE", "RECOVERED", "RECOVERY_WINDOW_S", "error_ratio", "median_recovery",
    "never_recovered", "normalised_returns", "recovery_steps",
]  # fmt: skip

LEAST_ORACLE = 0.1
"""An oracle that earns less than this a step (about m/s) can divide nothing: such conditions are
left out of normalised figures, and listed."""

RECOVERED = 0.9
"""Share of the mean speed before the fault that counts as regained."""

RECOVERY_WINDOW_S = 1.0
"""Speed is averaged over this long [s]; a stride takes less."""


def normalised_returns(
    returns: ArrayLike, oracle: ArrayLike, steps: int
) -> NDArray[np.float64] | None:
    """Each run's return over the mean return of the oracle under the same condition.

    0 is a robot that stands still, 1 the oracle.

    Args:
        returns: of each run.
        oracle: returns of the oracle's runs.
        steps: control steps that the returns are sums of.

    Returns:
        None if the oracle has no run or earns too little to divide by (`LEAST_ORACLE`).
    """
    oracle = np.asarray(oracle, dtype=float)
    if not oracle.size or not oracle.mean() >= LEAST_ORACLE * steps:
        return None
    return np.asarray(returns, dtype=float) / oracle.mean()


def recovery_steps(speed: ArrayLike, fault_step: int, dt: float) -> float | None:
    """Control steps from the fault until the robot runs as it did before.

    Speed is averaged over the second that follows each step. The robot has recovered at the first
    step whose average is back at 90 % of its mean speed before the fault, after it had dropped
    below; at 0 if it never dropped.

    Args:
        speed: `[T]` forward speed in each step [m/s].
        fault_step: first step under the fault.
        dt: control period [s].

    Returns:
        Infinity if it never does. None if it cannot be said: the robot was not running forward
        before, or less than a second of the run is left.
    """
    values = np.asarray(speed, dtype=float)
    before = values[:fault_step].mean() if fault_step > 0 else 0.0
    after = values[fault_step:]
    width = max(1, round(RECOVERY_WINDOW_S / dt))
    if not before > 0 or len(after) < width:
        return None
    running = np.convolve(after, np.full(width, 1.0 / width), mode="valid")
    well = running >= RECOVERED * before
    if well.all():
        return 0.0
    dropped = int(np.argmin(well))
    back = np.flatnonzero(well[dropped:])
    return float(dropped + back[0]) if len(back) else math.inf


def median_recovery(steps: Sequence[float | None]) -> float | None:
    """Median over runs, "never" being infinitely late; None if nothing can be said of any run.

    A mean over the runs that recovered would reward never recovering.
    """
    known = [value for value in steps if value is not None]
    # Not the mean of the middle two, which is infinite or not a number if one of them is.
    return float(np.quantile(known, 0.5, method="higher")) if known else None


def never_recovered(steps: Sequence[float | None]) -> float | None:
    """Share of the runs that never regain their speed, of those of which it can be said."""
    known = [value for value in steps if value is not None]
    return sum(math.isinf(value) for value in known) / len(known) if known else None


def error_ratio(before: ArrayLike, after: ArrayLike) -> float | None:
    """Model error after adapting over error before, both summed over the steps ahead."""
    before, after = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    total = before.sum()
    return float(after.sum() / total) if before.size and total > 0 else None
