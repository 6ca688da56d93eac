"""Settings near the best so far: what a search of the whole space comes to late.

The front between return and latency is long, and most of it is of no use to anyone: settings that
take a tenth of the default's time and return a third. Optuna's sampler follows all of it. Half of
the proposals are therefore moves from a setting that is already good, with as many candidates as
one of the three classes has time for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution, FloatDistribution

from adaptive_control.tune.classes import CLASSES, Classes
from adaptive_control.tune.latency import LatencyTable
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.space import Space, with_candidates
from controllers import format_planner

__all__ = ["Neighbours"]

_ALIKE = 0.04
"""Returns that far below the best, as a share of it, are about as good."""
_MOVES = (0.0, 0.1, 0.35)
"""Probability that a value is moved; one of these for all of a setting: as it is, but made as large
as the class has time for, or with one value moved, or with several."""
_LOGARITHMIC, _LINEAR = 0.3, 0.12
"""Standard deviation of a move: of the logarithm, and as a share of the range."""


class Neighbours:
    """Proposes moves.

    Args:
        space: what may be tried.
        table: latencies.
        classes: how long each class may take.
    """

    def __init__(self, space: Space, table: LatencyTable, classes: Classes):
        self._space, self._table, self._classes = space, table, classes

    def near(
        self, tried: Sequence[tuple[Setting, float]], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Searched values near one of the best settings.

        Args:
            tried: settings and their returns; at least one.
            rng: decides the class, the setting and the moves.

        Returns:
            Values as `Space.setting` and Optuna take them, `planner` among them. Unless no number
            of candidates is fast enough, the setting belongs to the class.
        """
        most = self._classes.most_ms(CLASSES[int(rng.integers(len(CLASSES)))])
        fast = [t for t in tried if self._table.tick(t[0]).p99_ms <= most]
        # Every other time from the best of all, however slow: made smaller, it may be the best
        # of a class that has only seen small ones.
        pool = fast if fast and rng.random() < 0.5 else tried
        # Of those about as good, any: the very best owes that to luck, and may be slower.
        greatest = max(value for _, value in pool)
        alike = [s for s, value in pool if value >= greatest - _ALIKE * abs(greatest)]
        values = self._space.values(alike[int(rng.integers(len(alike)))])
        kind = values["planner"]
        changed = self._moved(values, rng)
        asked = self._space.setting(kind, changed)
        if self._table.tick(asked).p99_ms > most and rng.random() < 0.5:
            # Time is saved by fewer candidates, or by one iteration less and more of them.
            fewer = changed["iterations"] - 1
            changed["iterations"] = self._space.within(kind, "iterations", fewer)
            asked = self._space.setting(kind, changed)
        return changed | {"candidates": self._fitting(asked, most)}

    def _moved(self, values: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        found, often = dict(values), rng.choice(_MOVES)
        for name, distribution in self._space.distributions(values["planner"]).items():
            if rng.random() >= often:
                continue
            value, step = found[name], rng.standard_normal()
            if name == "iterations":
                value += 1 if step > 0 else -1
            elif name == "halving_share" and isinstance(distribution, FloatDistribution):
                # No small step leads from never to once.
                value = float(rng.uniform(distribution.low, distribution.high))
            elif isinstance(distribution, CategoricalDistribution):  # the window
                value = distribution.choices[int(rng.integers(len(distribution.choices)))]
            elif isinstance(distribution, FloatDistribution) and not distribution.log:
                value += _LINEAR * float(step) * (distribution.high - distribution.low)
            else:
                value *= float(np.exp(_LOGARITHMIC * step))
            found[name] = self._space.within(values["planner"], name, value)
        return found

    def _fitting(self, setting: Setting, most_ms: float) -> int:
        """The most candidates, up to twice the setting's own, whose tick takes at most this."""
        planner = setting.parsed
        low, high = self._space.candidates
        high = min(high, 2 * planner.candidates)

        def fits(count: int) -> bool:
            text = format_planner(with_candidates(planner, count))
            return self._table.tick(Setting(text, setting.window)).p99_ms <= most_ms

        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if fits(middle) else (low, middle - 1)
        return low
