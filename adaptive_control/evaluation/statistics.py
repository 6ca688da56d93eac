"""Statistics over seeds: interquartile means, stratified bootstrap, paired tests.

After Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice":
the interquartile mean is robust against a seed that fell and needs fewer runs than a median; runs
are resampled within each condition (stratified), so that every resample has all conditions.

Normalised returns are pooled over conditions as they do it. Returns in a unit are not: an
interquartile mean over slow and fast conditions together would leave out whole conditions, and
others for each method. These are trimmed within each condition and averaged over conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = [
    "Estimate", "apart", "averaged", "averaged_ratio", "holm", "interquartile_mean",
    "paired_p_value", "ratio", "stratified",
]  # fmt: skip

RESAMPLES = 2000
_SEED = 0
"""Of the resampling: the same results give the same intervals."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: the figure.
        low: lower end; None where a condition has a single run, which tells no spread.
        high: upper end, likewise.
        count: runs that it rests on.
    """

    value: float
    low: float | None
    high: float | None
    count: int


def apart(ours: Estimate, theirs: Estimate) -> int:
    """1 if the first interval lies above the second, -1 if below; 0 else, or if one is unknown."""
    ends = (ours.low, ours.high, theirs.low, theirs.high)
    if any(end is None for end in ends):
        return 0
    low, high, their_low, their_high = (float(end) for end in ends if end is not None)
    return int(low > their_high) - int(high < their_low)


def interquartile_mean(values: ArrayLike, axis: int = -1) -> NDArray[np.float64]:
    """Mean of the middle half of the values along `axis`.

    A quarter of the values is cut off at each end, rounded down.
    """
    return np.asarray(stats.trim_mean(np.asarray(values, dtype=float), 0.25, axis=axis))


def stratified(groups: Sequence[Sequence[float]]) -> Estimate | None:
    """Interquartile mean over all runs, with a bootstrap interval stratified by condition.

    Args:
        groups: the runs under each condition.

    Returns:
        None without any run; an interval that is a point if all runs are alike.
    """
    return _estimate(groups, _pooled)


def averaged(groups: Sequence[Sequence[float]]) -> Estimate | None:
    """Mean over conditions of the interquartile means of their runs, as `stratified` otherwise."""
    return _estimate(groups, _averaged)


def _pooled(*parts: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    return interquartile_mean(np.concatenate(parts, axis=axis), axis=axis)


def _averaged(*parts: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    return np.mean([interquartile_mean(part, axis=axis) for part in parts], axis=0)


def _estimate(
    groups: Sequence[Sequence[float]], statistic: Callable[..., NDArray]
) -> Estimate | None:
    samples = [np.asarray(group, dtype=float) for group in groups if len(group)]
    if not samples:
        return None
    low, high = _interval(samples, statistic)
    return Estimate(float(statistic(*samples)), low, high, sum(map(len, samples)))


def ratio(values: Sequence[float], reference: Sequence[float]) -> Estimate | None:
    """Ratio of two interquartile means over the same seeds; seeds are resampled in pairs.

    Returns:
        None without runs, with unequal numbers of them, or if the reference is not positive.
    """
    return averaged_ratio([(values, reference)])


def averaged_ratio(
    groups: Sequence[tuple[Sequence[float], Sequence[float]]],
) -> Estimate | None:
    """Ratio of what `averaged` gives for two, runs resampled in pairs within each condition.

    Args:
        groups: the runs under each condition, and those of the reference with the same seeds.

    Returns:
        None without runs, with unequal numbers of them, or if the reference is not positive.
    """
    pairs = [
        (np.asarray(first, dtype=float), np.asarray(second, dtype=float))
        for first, second in groups
    ]
    if any(len(first) != len(second) for first, second in pairs):
        return None
    pairs = [pair for pair in pairs if len(pair[0])]
    if not pairs or not _averaged(*(below for _, below in pairs)) > 0:
        return None

    def statistic(*rows: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        above, below = (
            _averaged(
                *(pair[side][row.astype(int)] for pair, row in zip(pairs, rows, strict=True)),
                axis=axis,
            )
            for side in (0, 1)
        )
        return above / below

    everyone = [np.arange(len(first), dtype=float) for first, _ in pairs]
    low, high = _interval(everyone, statistic)
    return Estimate(float(statistic(*everyone)), low, high, sum(map(len, everyone)))


def _interval(
    samples: list[NDArray], statistic: Callable[..., NDArray]
) -> tuple[float | None, float | None]:
    """Percentile interval; none where a condition has a single run."""
    if any(len(sample) < 2 for sample in samples):
        return None, None
    result = stats.bootstrap(
        samples, statistic, n_resamples=RESAMPLES, confidence_level=0.95, method="percentile",
        vectorized=True, rng=np.random.default_rng(_SEED),
    )  # fmt: skip
    low, high = result.confidence_interval
    return float(low), float(high)


def paired_p_value(values: ArrayLike, reference: ArrayLike) -> float | None:
    """Two-sided Wilcoxon signed rank test on runs of the same seed under the same condition.

    Returns:
        1 if no pair differs; None without pairs.
    """
    difference = np.asarray(values, dtype=float) - np.asarray(reference, dtype=float)
    if not difference.size:
        return None
    if not np.any(difference):
        return 1.0
    _, p_value = stats.wilcoxon(difference)
    return float(p_value)  # pyright: ignore[reportArgumentType]


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values corrected for how many there are (Holm 1979); None stays None.

    The k-th smallest of m is multiplied by m - k + 1, and none gets below a smaller one.
    """
    known = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, index) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        corrected[index] = least
    return corrected
