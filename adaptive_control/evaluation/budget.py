"""How much of everything: the whole table, and the rough one of `--quick`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.config import EvaluateConfig
from adaptive_control.pretrained import planner_for
from adaptive_control.training.config import TrainConfig
from controllers import format_planner, load_planner

__all__ = ["Budget", "budget_of"]


@dataclass(frozen=True)
class Budget:
    """What is spent on each cell.

    Attributes:
        seeds: episodes of each model under each perturbation.
        steps: control steps of an episode.
        planners: of each robot, every setting spelled out.
        collecting: the planner that collects, every setting spelled out.
        oracle_seeds: episodes of the simulator oracle.
        first_tests: how many tests of each suite; 0: all.
        from_start: whether each test is also run with the fault there from the start.
        robots: robots that collect side by side.
        rounds: rounds of collecting, for a dataset.
        updates: meta-updates in each of them.
        final_updates: meta-updates of a fit on a dataset.
        oracle_robots: robots that collect under one test perturbation, for the model oracle.
        oracle_rounds: rounds of that.
        oracle_updates: meta-updates of its last fit.
    """

    seeds: int
    steps: int
    planners: Mapping[str, str]
    collecting: str
    oracle_seeds: int
    first_tests: int
    from_start: bool
    robots: int
    rounds: int
    updates: int
    final_updates: int
    oracle_robots: int
    oracle_rounds: int
    oracle_updates: int


_WHOLE = Budget(
    seeds=10, steps=200, planners={}, collecting=TrainConfig.planner, oracle_seeds=2,
    first_tests=0, from_start=True, robots=80, rounds=12, updates=2000, final_updates=20_000,
    oracle_robots=40, oracle_rounds=8, oracle_updates=10_000,
)  # fmt: skip
_QUICK = Budget(
    seeds=3, steps=120, planners={}, oracle_seeds=1,
    collecting="cem:candidates=100,horizon=12,iterations=2",
    first_tests=1, from_start=False, robots=40, rounds=3, updates=400, final_updates=1500,
    oracle_robots=40, oracle_rounds=2, oracle_updates=1500,
)  # fmt: skip


def budget_of(config: EvaluateConfig, robots: Iterable[str]) -> Budget:
    """The budget of a run: a preset, with what the user asked for in its place.

    Robots plan with their own planners, as for their users, unless one is asked for. What collects
    has no terminal value yet.

    Args:
        config: what was asked for.
        robots: the robots that there are planners for.

    Raises:
        AdaptiveControlError: a folder of planners with none for these robots.
        PlannerError: no such planner.
    """
    preset = _QUICK if config.quick else _WHOLE
    given: dict[str, Any] = {
        name: value
        for name in ("seeds", "steps", "oracle_seeds")
        if (value := getattr(config, name)) is not None
    }
    robots = tuple(robots)
    for_all, own = config.planner, {}
    if for_all and Path(for_all).is_dir():
        for_all, own = None, _planners_in(Path(for_all), robots)
    asked = for_all or (preset.collecting if config.quick else None)
    planners = {r: format_planner(planner_for(r, own.get(r, asked))) for r in robots}
    collecting = load_planner(for_all or preset.collecting)
    collecting = replace(collecting, terminal=0.0, halve_every=0)
    if config.oracle_seeds is None and "seeds" in given:
        given["oracle_seeds"] = min(preset.oracle_seeds, given["seeds"])
    given |= {"planners": planners, "collecting": format_planner(collecting)}
    return Budget(**{**vars(preset), **given})


def _planners_in(folder: Path, robots: tuple[str, ...]) -> dict[str, str]:
    """The robots' planner files in a folder; a robot may have none, but not all of them."""
    files = {robot: folder / f"{robot}.toml" for robot in robots}
    found = {robot: str(file) for robot, file in files.items() if file.is_file()}
    if not found:
        names = ", ".join(file.name for file in files.values())
        raise AdaptiveControlError(f"planner: folder {folder} holds none of {names}")
    return found
