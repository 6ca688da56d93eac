"""The tuned settings against the default on held-out perturbations, which the search never met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from adaptive_control.tune.evaluate import Result
from adaptive_control.tune.setting import Scenario, Setting

__all__ = ["compare", "interval"]


def compare(
    scenarios: tuple[Scenario, ...],
    named: Mapping[str, Setting],
    results: Mapping[Setting, Result],
) -> dict[str, Any]:
    """Returns with intervals, and how each setting stands to the default.

    Args:
        scenarios: `[B]`.
        named: settings by name; `default` is among them.
        results: of each setting on the scenarios.

    Returns:
        By name: `return`, `interval_95`, `ratio` to the default's return, `ratio_interval_95` (from
        robots resampled in pairs), `roughness`, `falls`,
        `by_perturbation`.
    """
    base = np.asarray(results[named["default"]].returns)
    figures: dict[str, Any] = {}
    for name, setting in named.items():
        result = results[setting]
        returns = np.asarray(result.returns)
        figures[name] = {
            "return": result.mean,
            "interval_95": interval(returns),
            "ratio": _ratio(returns, base),
            "ratio_interval_95": _ratio_interval(returns, base),
            "roughness": result.mean_roughness,
            "falls": result.falls,
            "by_perturbation": _by_perturbation(scenarios, returns),
        }
    return figures


def interval(values: np.ndarray) -> list[float] | None:
    """95 % bootstrap interval (BCa) of the mean; None with fewer than two values."""
    if len(values) < 2:
        return None
    if np.ptp(values) == 0:  # BCa is undefined where every resample is the same
        return [float(values[0])] * 2
    found = stats.bootstrap((values,), np.mean, confidence_level=0.95, rng=0)
    return [float(found.confidence_interval.low), float(found.confidence_interval.high)]


def _ratio(returns: np.ndarray, base: np.ndarray) -> float | None:
    """Mean return over the default's; None where the default earned nothing to compare with."""
    return float(returns.mean() / base.mean()) if base.mean() > 0 else None


def _ratio_interval(returns: np.ndarray, base: np.ndarray) -> list[float] | None:
    """95 % percentile interval of the ratio of means, robots resampled in pairs."""
    if len(base) < 2 or base.mean() <= 0:
        return None
    draws = np.random.default_rng(0).integers(len(base), size=(9999, len(base)))
    below = base[draws].mean(1)
    if (below <= 0).any():
        return None
    low, high = np.percentile(returns[draws].mean(1) / below, (2.5, 97.5))
    return [float(low), float(high)]


def _by_perturbation(scenarios: tuple[Scenario, ...], returns: np.ndarray) -> dict[str, float]:
    texts = [scenario.perturbation for scenario in scenarios]
    return {
        text: float(returns[[t == text for t in texts]].mean()) for text in dict.fromkeys(texts)
    }
