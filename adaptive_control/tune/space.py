"""The search space: which settings of which planners are tried, and between which limits.

Sizes that only make sense as shares of others (elites, knots) are searched as shares, so that no
combination is refused by the planner. `execute` stays at "mean": the best candidate overfits a
model that is wrong by design.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.setting import Setting
from controllers import (
    CEM,
    SamplingPlanner,
    at_horizon,
    format_planner,
    load_planner,
    make_planner,
    planner_names,
)

__all__ = ["Space", "windows_around"]

_GAUSSIAN = ("cem", "icem", "mppi")
_ELITES = ("cem", "icem")

_LIMITS: Mapping[str, tuple[tuple[str, ...], float, float, bool]] = {
    "std": (_GAUSSIAN, 0.2, 1.5, True),
    "colour": (_GAUSSIAN, 0.0, 3.0, False),
    "elite_share": (_ELITES, 0.02, 0.3, True),
    "momentum": (_ELITES, -1.2, 0.5, False),
    "keep_share": (("icem",), 0.0, 1.0, False),
    "decay": (("icem",), 1.0, 2.0, False),
    "temperature": (("mppi",), 0.01, 1.0, True),
    "knot_share": (("mppi",), 0.0, 0.6, False),
    "std_decay": (("mppi",), 0.4, 1.0, False),
}
"""Name: the kinds of planner that have it, its least and greatest value, logarithmic or not."""

_FEWEST_KNOTS = 0.1
"""Shares below this mean noise at every step."""

_BEYOND = -0.5
"""A momentum that carries the mean beyond the elites'."""

_SOONEST = 0.15
"""Candidates are dropped after no smaller share of the horizon; shares below it mean never."""


@dataclass(frozen=True)
class Space:
    """What may be tried.

    Attributes:
        planners: kinds of planner.
        horizon: limits of H [control steps].
        candidates: limits of N.
        iterations: limits of the iterations.
        windows: the M that may be chosen.
        trained: M of the model's training.
        terminal: whether there is a terminal value: its weight is searched, and dropping
            candidates on the way, which needs it.
        first: planners that the search begins with, before the defaults.
    """

    planners: tuple[str, ...]
    horizon: tuple[int, int]
    candidates: tuple[int, int]
    iterations: tuple[int, int]
    windows: tuple[int, ...]
    trained: int
    terminal: bool = False
    first: tuple[SamplingPlanner, ...] = ()

    @staticmethod
    def of(config: TuneConfig, trained_window: int, adapts: bool, values: bool = False) -> Space:
        """The space that a configuration asks for.

        Args:
            config: the configuration.
            trained_window: M of the model's training.
            adapts: whether the model has any use for a window.
            values: whether the model has a terminal value.

        Raises:
            AdaptiveControlError: an unknown kind of planner, or a planner to begin with of a kind
                that is not tried.
            PlannerError: no such planner to begin with.
        """
        for kind in config.planners:
            if kind not in planner_names():
                raise AdaptiveControlError(
                    f"planners: {kind!r} is unknown; allowed: {', '.join(planner_names())}"
                )
        first = tuple(load_planner(text) for text in config.start)
        for planner in first:
            if planner.name not in config.planners:
                raise AdaptiveControlError(
                    f"start: {planner.name!r} is not tried; allowed: {', '.join(config.planners)}"
                )
        windows = config.windows or windows_around(trained_window)
        return Space(
            tuple(dict.fromkeys(config.planners)),
            config.horizon,
            config.candidates,
            config.iterations,
            tuple(sorted(set(windows))) if adapts else (trained_window,),
            trained_window,
            values,
            first,
        )

    def distributions(self, kind: str) -> dict[str, BaseDistribution]:
        """What is searched for a kind of planner, by name."""
        found: dict[str, BaseDistribution] = {
            "horizon": IntDistribution(*self.horizon),
            "candidates": IntDistribution(*self.candidates, log=True),
            "iterations": IntDistribution(*self.iterations),
            "window": CategoricalDistribution(self.windows),
        }
        for name, (kinds, low, high, log) in _LIMITS.items():
            if kind in kinds:
                found[name] = FloatDistribution(low, high, log=log)
        if self.terminal:
            found["terminal"] = FloatDistribution(0.0, 1.0)
            found["halving_share"] = FloatDistribution(0.0, 0.6)
        return found

    def setting(self, kind: str, values: Mapping[str, Any]) -> Setting:
        """The setting that searched values stand for."""
        horizon, candidates = values["horizon"], values["candidates"]
        known: dict[str, Any] = {
            "horizon": horizon, "candidates": candidates, "iterations": values["iterations"],
        }  # fmt: skip
        for name in ("std", "colour", "momentum", "decay", "temperature", "std_decay", "terminal"):
            if name in values:
                known[name] = float(f"{values[name]:.3g}")
        if "elite_share" in values:
            known["elites"] = min(candidates, max(2, round(values["elite_share"] * candidates)))
        if "keep_share" in values:
            most = min(known["elites"], candidates - 1)
            known["keep"] = round(values["keep_share"] * most)
        if "knot_share" in values:
            share = values["knot_share"]
            some = share >= _FEWEST_KNOTS and horizon >= 2
            known["knots"] = min(horizon, max(2, round(share * horizon))) if some else 0
        if "halving_share" in values:
            share = values["halving_share"]
            known["halve_every"] = max(1, round(share * horizon)) if share >= _SOONEST else 0
        return Setting(format_planner(make_planner(kind, **known)), values["window"])

    def starts(self) -> list[dict[str, Any]]:
        """Where the search begins, inside the limits, as searched values.

        Those asked for and the defaults of each kind of planner, each also with a mean that goes
        beyond that of the elites; and, if there is a terminal value, such with it and half the
        horizon, and such that drop candidates on the way.
        """
        defaults = [make_planner(kind) for kind in self.planners]
        eager = [_beyond_the_elites(p) for p in defaults]
        starts = [*self.first, *map(_beyond_the_elites, self.first), *defaults, *eager]
        if self.terminal:
            starts += [
                *(replace(p, horizon=max(1, p.horizon // 2), terminal=1.0) for p in eager),
                *(replace(p, halve_every=max(1, p.horizon // 3)) for p in eager),
            ]
        starts = list(dict.fromkeys(starts))
        return [self.values(Setting(format_planner(p), self.trained)) for p in starts]

    def values(self, setting: Setting) -> dict[str, Any]:
        """The searched values that stand for a setting, moved inside the limits."""
        planner = setting.parsed
        values = {f.name: getattr(planner, f.name) for f in fields(planner)}
        values["window"] = setting.window if setting.window in self.windows else self.windows[-1]
        if setting.kind in _ELITES:
            values["elite_share"] = values["elites"] / planner.candidates
        if setting.kind == "icem":
            most = max(1, min(values["elites"], planner.candidates - 1))
            values["keep_share"] = values["keep"] / most
        if setting.kind == "mppi":
            values["knot_share"] = _share(values["knots"], planner.horizon, _FEWEST_KNOTS)
        values["halving_share"] = _share(values["halve_every"], planner.horizon, _SOONEST)
        searched = self.distributions(setting.kind)
        inside = {name: self.within(setting.kind, name, values[name]) for name in searched}
        return {"planner": setting.kind, **inside}

    def within(self, kind: str, name: str, value: Any) -> Any:
        """A searched value of a kind of planner, moved inside its limits."""
        distribution = self.distributions(kind)[name]
        if isinstance(distribution, IntDistribution):
            return min(max(round(value), distribution.low), distribution.high)
        if isinstance(distribution, FloatDistribution):
            return min(max(float(value), distribution.low), distribution.high)
        return value

    def edges(self, setting: Setting) -> list[str]:
        """Which values of a setting lie at a limit of what was tried, in words."""
        planner = setting.parsed
        found = []
        for name in ("horizon", "candidates", "iterations"):
            low, high = getattr(self, name)
            value = getattr(planner, name)
            # The least possible number is no limit of ours, and few candidates are no worry.
            if low < high and value >= high - round(0.02 * (high - low)):
                found.append(f"{name}={value} is at the upper end of {low}..{high}")
            elif name == "horizon" and low < high and value == low > 1:
                found.append(f"{name}={value} is at the lower end of {low}..{high}")
        for name, (kinds, low, high, _) in _LIMITS.items():
            value = getattr(planner, name, None)
            if setting.kind in kinds and value is not None:
                for limit, end in ((low, "lower"), (high, "upper")):
                    natural = (name, limit) in _NATURAL
                    if not natural and abs(value - limit) <= 0.02 * (high - low):
                        found.append(f"{name}={value:g} is at the {end} end of {low:g}..{high:g}")
        # At the end of the training's window there is nothing beyond without training again.
        if setting.window in (self.windows[0], self.windows[-1]) and setting.window not in (
            1, self.trained,
        ):  # fmt: skip
            tried = ", ".join(map(str, self.windows))
            found.append(f"window={setting.window} is at an end of those tried: {tried}")
        return found

    def with_horizon(self, setting: Setting, horizon: int) -> Setting:
        """The same setting at another horizon, with as many knots a step."""
        return replace(setting, planner=format_planner(at_horizon(setting.parsed, horizon)))


_NATURAL = {("colour", 0.0), ("decay", 1.0), ("std_decay", 1.0)}
"""Ends beyond which the planner has no values, or none that mean anything."""


def _share(part: int, whole: int, least: float) -> float:
    """The share that a rounded part stands for; a smaller one than the least would mean none."""
    return max(least, part / whole) if part else 0.0


def _beyond_the_elites(planner: SamplingPlanner) -> SamplingPlanner:
    """The planner, its mean going beyond that of the elites where it has any."""
    if isinstance(planner, CEM) and planner.momentum > _BEYOND:
        return replace(planner, momentum=_BEYOND)
    return planner


def windows_around(trained: int) -> tuple[int, ...]:
    """A quarter, half and all of the window of the training.

    Every family of models takes a longer one too, but bundles, whose graphs have a fixed size, do
    not, and no model was trained for it.
    """
    return tuple(sorted({max(1, trained // 4), max(1, trained // 2), trained}))


def with_candidates(planner: SamplingPlanner, candidates: int) -> SamplingPlanner:
    """The planner with another number of candidates and the same share of elites."""
    changes: dict[str, Any] = {"candidates": candidates}
    elites = getattr(planner, "elites", None)
    if elites is not None and planner.name in _ELITES:
        share = elites / planner.candidates
        changes["elites"] = min(candidates, max(1, round(share * candidates)))
        if hasattr(planner, "keep"):
            changes["keep"] = min(getattr(planner, "keep"), changes["elites"], candidates - 1)  # noqa: B009
    return replace(planner, **changes)
