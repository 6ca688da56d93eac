r"""How long a control tick takes, from a table that is measured once and then never changes.

Because every trial reads the same table, a study that is killed and resumed rejects the same
settings as one that ran through, however busy the machine is at the time.

    tick p50 = adapt p50 + sum over iterations of p50(N_i, H)
    tick p99 = tick p50 + sqrt( sum over all parts of (p99 - p50)^2 )

N_i is the mean over the horizon, where candidates are dropped on the way. What the terminal value
takes is added to the median, for each time that it is asked.

Delays of the operating system hit the parts independently, so their excesses add as independent
deviations do; adding the p99 themselves would reject plans of many short iterations for nothing.

An iteration costs $t(N, H) = a + bN + cH + dNH$, fitted with coefficients that are not negative;
what the fit leaves is interpolated (Shepard 1968, weights $1/d^2$), so the table is met exactly at
its own points and the formula speaks beyond them.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import write_json
from adaptive_control.tune.setting import Setting
from controllers import format_planner

__all__ = ["IterationCost", "LatencyTable", "Tick", "ValueCost", "read_profile"]


@dataclass(frozen=True)
class IterationCost:
    """What one iteration of a planner costs.

    Attributes:
        candidates: N that are tried in it.
        horizon: H.
        p50_ms: median time [ms].
        p99_ms: 99th percentile [ms].
        planner: kind of planner; None: any.
    """

    candidates: int
    horizon: int
    p50_ms: float
    p99_ms: float
    planner: str | None = None


@dataclass(frozen=True)
class ValueCost:
    """What the terminal value of that many candidates costs: median time [ms]."""

    candidates: int
    p50_ms: float


@dataclass(frozen=True)
class Tick:
    """Time of a whole control tick: adapt and plan, one robot, one thread [ms]."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class LatencyTable:
    """Latencies of one machine.

    Attributes:
        source: where they come from, for people.
        dt: control period [s].
        adapt_p50_ms: median time to adapt [ms].
        adapt_p99_ms: its 99th percentile [ms].
        window: M at which adapting was measured.
        iterations: what iterations cost.
        value: what the terminal value costs; empty if there is none, or nobody measured it.
    """

    source: str
    dt: float
    adapt_p50_ms: float
    adapt_p99_ms: float
    window: int
    iterations: tuple[IterationCost, ...]
    value: tuple[ValueCost, ...] = ()

    def tick(self, setting: Setting) -> Tick:
        """The whole tick of a setting."""
        planner = setting.parsed
        # A longer window costs in proportion at worst; a shorter one saves little.
        longer = max(1.0, setting.window / self.window)
        p50 = self.adapt_p50_ms * longer
        excess = [(self.adapt_p99_ms - self.adapt_p50_ms) * longer]
        for index in range(planner.iterations):
            population = getattr(planner, "population", lambda _: planner.candidates)(index)
            steps = planner.lookahead.model_steps(population, planner.horizon)
            followed = math.ceil(steps / planner.horizon)  # candidates in the mean over the horizon
            middle, late = self.iteration(planner.name, followed, planner.horizon)
            p50 += middle
            calls = planner.lookahead.value_calls(population, planner.horizon)
            p50 += sum(map(self.value_ms, calls))
            excess.append(late - middle)
        return Tick(p50, p50 + math.hypot(*excess))

    def value_ms(self, candidates: int) -> float:
        """Median time of the terminal value of so many candidates [ms]."""
        if not self.value:
            return 0.0
        rows = sorted(self.value, key=lambda row: row.candidates)
        sizes, times = [row.candidates for row in rows], [row.p50_ms for row in rows]
        return float(np.interp(candidates, sizes, times))

    def iteration(self, kind: str, candidates: int, horizon: int) -> tuple[float, float]:
        """Median and 99th percentile of one iteration [ms]."""
        cost = self._costs.get(kind) or self._costs[None]
        middle, late = cost(candidates, horizon)
        return middle, max(middle, late)

    def fitting(self, setting: Setting, limit_ms: float) -> int:
        """How many iterations of the setting end within the limit at p99, up to its own number."""
        planner = setting.parsed
        for count in range(planner.iterations, 0, -1):
            shorter = format_planner(dataclasses.replace(planner, iterations=count))
            if self.tick(Setting(shorter, setting.window)).p99_ms <= limit_ms:
                return count
        return 0

    @cached_property
    def _costs(self) -> dict[str | None, _Surface]:
        kinds = {cost.planner for cost in self.iterations}
        surfaces: dict[str | None, _Surface] = {
            kind: _Surface([c for c in self.iterations if c.planner == kind]) for kind in kinds
        }
        surfaces.setdefault(None, _Surface(list(self.iterations)))
        return surfaces

    def save(self, path: Path) -> None:
        """Write to `path` as JSON, atomically."""
        write_json(path, asdict(self))

    @staticmethod
    def load(path: Path) -> LatencyTable:
        """Read what `save` wrote.

        Raises:
            AdaptiveControlError: the file is missing or damaged.
        """
        try:
            values = json.loads(path.read_text())
            rows = tuple(IterationCost(**row) for row in values.pop("iterations"))
            value = tuple(ValueCost(**row) for row in values.pop("value", ()))
            return LatencyTable(**values, iterations=rows, value=value)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise AdaptiveControlError(f"latencies {path}: cannot be read ({error})") from error


def read_profile(path: Path, dt: float, window: int) -> LatencyTable:
    """The latencies that `adaptive-control profile --json` recorded.

    Args:
        path: the file; keys `dt` [s], `adapt_ms` with `p50` and `p99`, and `iterations`, a list of
            `candidates`, `horizon`, `p50_ms`, `p99_ms`; `value`, a list of `candidates`, `p50_ms`,
            may be missing.
        dt: control period of the robot [s], which must be the profile's.
        window: M of the profiled bundle.

    Raises:
        AdaptiveControlError: the file is missing, lacks something, holds a number that cannot be,
            or was recorded at another control period.
    """
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise AdaptiveControlError(f"profile {path}: cannot be read ({error})") from error
    period = _number(path, values, "dt")
    if not math.isclose(period, dt, rel_tol=1e-6):
        raise AdaptiveControlError(
            f"profile {path}: dt={period} s; the robot's control period is {dt} s"
        )
    adapt = values.get("adapt_ms")
    rows = values.get("iterations")
    if not isinstance(rows, list) or not rows:
        raise AdaptiveControlError(
            f"profile {path}: iterations={rows!r}; must be a list with at least one entry"
        )
    value = [] if values.get("value") is None else values["value"]
    if not isinstance(value, list):
        raise AdaptiveControlError(f"profile {path}: value={value!r}; must be a list")
    iterations = tuple(
        IterationCost(
            int(_number(path, row, "candidates", f"iterations[{i}].")),
            int(_number(path, row, "horizon", f"iterations[{i}].")),
            _number(path, row, "p50_ms", f"iterations[{i}]."),
            _number(path, row, "p99_ms", f"iterations[{i}]."),
        )
        for i, row in enumerate(rows)
    )
    return LatencyTable(
        source=f"profile {path.name}",
        dt=period,
        adapt_p50_ms=_number(path, adapt, "p50", "adapt_ms.", least=0.0),
        adapt_p99_ms=_number(path, adapt, "p99", "adapt_ms.", least=0.0),
        window=window,
        iterations=iterations,
        value=tuple(
            ValueCost(
                int(_number(path, row, "candidates", f"value[{i}].")),
                _number(path, row, "p50_ms", f"value[{i}].", least=0.0),
            )
            for i, row in enumerate(value)
        ),
    )


def _number(
    path: Path, values: Any, name: str, prefix: str = "", least: float = 1e-9
) -> float:  # fmt: skip
    value = values.get(name) if isinstance(values, Mapping) else None
    if isinstance(value, int | float) and math.isfinite(value) and value >= least:
        return float(value)
    allowed = "a number, 0 or more" if least == 0 else "a number above 0"
    raise AdaptiveControlError(f"profile {path}: {prefix}{name}={value!r}; must be {allowed}")


class _Surface:
    """Cost of an iteration over (N, H), for the median and the 99th percentile."""

    def __init__(self, rows: Sequence[IterationCost]):
        self._size = np.array([[row.candidates, row.horizon] for row in rows], dtype=float)
        times = np.array([[row.p50_ms, row.p99_ms] for row in rows])
        # Relative errors count: half a millisecond is much for a short iteration.
        self._fit = [nnls(_terms(self._size) / t[:, None], np.ones(len(t)))[0] for t in times.T]
        fitted = np.stack([_terms(self._size) @ fit for fit in self._fit], axis=1)
        self._left = np.log(times / np.maximum(fitted, 1e-12))

    def __call__(self, candidates: int, horizon: int) -> tuple[float, float]:
        """Median and 99th percentile [ms]."""
        size = np.array([[candidates, horizon]], dtype=float)
        fitted = np.array([float((_terms(size) @ fit)[0]) for fit in self._fit])
        distance = (np.log(self._size / size) ** 2).sum(1)
        nearest = int(distance.argmin())
        if distance[nearest] < 1e-12:
            left = self._left[nearest]
        else:
            left = (self._left / distance[:, None]).sum(0) / (1 / distance).sum()
        middle, late = np.maximum(fitted, 1e-12) * np.exp(left)
        return float(middle), float(late)


def _terms(size: np.ndarray) -> np.ndarray:
    """`[n, 4]`: 1, N, H and N H of sizes `[n, 2]`."""
    n, h = size.T
    return np.stack([np.ones_like(n), n, h, n * h], axis=1)
