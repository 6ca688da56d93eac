"""Where each variant's weights come from: a file, or a cell that makes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation import costs
from adaptive_control.evaluation.budget import Budget
from adaptive_control.evaluation.cells import Cell, Source
from adaptive_control.evaluation.config import EvaluateConfig
from adaptive_control.evaluation.variants import Variant
from adaptive_control.files import jsonable
from adaptive_control.methods import DEFAULT_METHOD, METHODS
from adaptive_control.planning import checked_terminal
from adaptive_control.pretrained import pretrained_names, pretrained_path
from adaptive_control.suites import suites_of
from adaptive_control.training.checkpoint import load_model
from adaptive_control.training.claim import saved_settings
from adaptive_control.training.config import TrainConfig
from adaptive_control.training.dataset import episode_files
from controllers import load_planner

__all__ = ["Checkpoints"]


class Checkpoints:
    """Finds weights, or plans the cells that make them.

    Args:
        config: what was asked for.
        budget: how much of everything.
        add: takes a cell into the plan and returns its id.
    """

    def __init__(self, config: EvaluateConfig, budget: Budget, add: Callable[[Cell], str]):
        self._config, self._budget, self._add = config, budget, add
        self._hashed, self._checked = cache(Source.file), cache(load_model)

    def of(self, robot: str, variant: Variant) -> tuple[Source, str]:
        """The weights of a variant, and in words where they come from.

        Raises:
            AdaptiveControlError: a file that is there holds no such model.
            PlannerError: it has no terminal value, and the robot's planner asks for one.
        """
        if variant.own_rounds:
            return self._own_rounds(robot)
        made_with = METHODS[variant.method].checkpoint
        if variant.trained_on:
            data = self._collected(robot, variant.trained_on)
            told = f"fitted on data of suite {variant.trained_on} alone"
            return self._fit(robot, made_with, data, {}), told
        path = None if variant.fit is not None else self._file(robot, made_with)
        if path is not None:
            shipped = self._config.checkpoints is None
            told = f"{'ships' if shipped else 'given'}: {path.name}"
            return self._checked_file(path, robot, made_with), told
        told = "fitted on the dataset of this evaluation"
        return self._fit(robot, made_with, self._dataset(robot), variant.fit or {}), told

    def has_own_rounds(self, robot: str) -> bool:
        """Whether there are weights of the default method that collected its own data.

        Those of a file in the folder of checkpoints, or of the run that collects the dataset.
        """
        return self._own_file(robot) is not None or self._collects(robot)

    def on_one_perturbation(self, robot: str, perturbation: str) -> Source:
        """MB's weights from data under this perturbation alone, which it also collected."""
        budget = self._budget
        cell = self._train_cell(
            robot, "mb", f"mb under {perturbation}", (perturbation,),
            budget.oracle_robots, budget.oracle_rounds, budget.oracle_updates,
        )  # fmt: skip
        return Source(cell=self._add(cell), suffix="safetensors")

    def _own_rounds(self, robot: str) -> tuple[Source, str]:
        path = self._own_file(robot)
        if path is not None:
            made_with = METHODS[DEFAULT_METHOD].checkpoint
            return self._checked_file(path, robot, made_with), f"given: {path.name}"
        cell = self._collected(robot, "")
        return Source(cell=cell, suffix="safetensors"), "collected the dataset"

    def _own_file(self, robot: str) -> Path | None:
        return self._given(robot, f"{METHODS[DEFAULT_METHOD].checkpoint}-own-rounds")

    def _checked_file(self, path: Path, robot: str, made_with: str) -> Source:
        model = self._checked(path, robot, made_with)
        checked_terminal(load_planner(self._budget.planners[robot]), model.value)
        return self._hashed(path)

    def _collects(self, robot: str) -> bool:
        """Whether the evaluation makes a dataset of its own for this robot.

        It is made where something that was asked for has no checkpoint, and no data was given.
        """
        if self._config.data is not None:
            return False
        used = [*self._config.methods, *([self._config.ablate_model] if self._fits() else [])]
        missing = any(self._file(robot, METHODS[m].checkpoint) is None for m in used)
        return missing or self._fits()

    def _fits(self) -> bool:
        return bool({"K", "step-sizes"} & set(self._config.ablations))

    def _given(self, robot: str, name: str) -> Path | None:
        """A file in the folder of checkpoints."""
        folder = self._config.checkpoints
        if folder is None:
            return None
        if not folder.is_dir():
            raise AdaptiveControlError(f"checkpoints: {folder} is no folder")
        path = folder / f"{robot}-{name}.safetensors"
        return path if path.is_file() else None

    def _file(self, robot: str, made_with: str) -> Path | None:
        if self._config.checkpoints is not None:
            return self._given(robot, made_with)
        if self._config.fresh or f"{robot}-{made_with}" not in pretrained_names():
            return None
        return pretrained_path(robot, made_with)

    def _dataset(self, robot: str) -> Mapping[str, Source]:
        """The episodes that every method of the robot is fitted on."""
        if self._config.data is None:
            return self._episodes_of(self._collected(robot, ""))
        given = self._config.data
        folder = given / robot if (given / robot).is_dir() else given
        files = episode_files(folder)
        if not files:
            raise AdaptiveControlError(
                f"data: {folder} holds no episodes; allowed: the folder of a training run"
            )
        settings = folder / "config.json"
        of = saved_settings(settings).get("robot") if settings.is_file() else robot
        if of != robot:
            raise AdaptiveControlError(f"data: {folder} is of robot {of!r}, not of {robot!r}")
        return {path.stem: self._hashed(path) for path in files}

    def _collected(self, robot: str, suite: str) -> str:
        """The cell that collects under the train sides of a robot, or of one suite.

        A suite's data is collected by MB, whose fits take an eleventh of the time, and all that is
        wanted of its run: its own model is not fitted to the end. Half of its robots are whole, as
        of those of all train sides together (docs/decisions/0015).
        """
        budget = self._budget
        if suite:
            method, sides, last = "mb", ("none", suite), 1
        else:
            method, sides, last = DEFAULT_METHOD, (), budget.final_updates
        cell = self._train_cell(
            robot, method, f"{method} {suite or 'dataset'}", sides,
            budget.robots, budget.rounds, last,
        )  # fmt: skip
        return self._add(cell)

    @staticmethod
    def _episodes_of(cell: str) -> Mapping[str, Source]:
        return {"000": Source(cell=cell, suffix="npz")}

    def _train_cell(
        self, robot: str, method: str, name: str, perturbations: tuple[str, ...],
        robots: int, rounds: int, final_updates: int,
    ) -> Cell:  # fmt: skip
        budget = self._budget
        settings = _training(
            robot=robot, model=method, seed=self._config.seed,
            perturbations=perturbations, planner=budget.collecting,
            robots=robots, rounds=rounds, updates=budget.updates,
            final_updates=final_updates,
        )  # fmt: skip
        # With other train sides it is another cell: what they are stands in the code and in
        # installed packages, not in the settings.
        if drawn := _drawn_from(robot, perturbations):
            settings["train_sides"] = drawn
        in_a_round = settings["robots"] * settings["episode_steps"]
        planner = load_planner(budget.collecting)
        cost = costs.collecting(method, planner, in_a_round, rounds, budget.updates)
        cost += costs.fitting(method, final_updates)
        return Cell("train", f"{robot} {name}", settings, cost=cost)

    def _fit(
        self, robot: str, method: str, data: str | Mapping[str, Source], changes: Mapping[str, Any]
    ) -> Source:
        inputs = self._episodes_of(data) if isinstance(data, str) else data
        updates = self._budget.final_updates
        settings = _training(
            robot=robot, model=method, seed=self._config.seed, final_updates=updates, **changes
        )
        label = " ".join([robot, method, *(f"{k}={v}" for k, v in changes.items())])
        cell = Cell("fit", label, settings, inputs, costs.fitting(method, updates))
        return Source(cell=self._add(cell), suffix="safetensors")


def _drawn_from(robot: str, perturbations: Sequence[str]) -> dict[str, str]:
    """The train sides that a run draws its perturbations from, by suite, each in full."""
    return {
        suite.name: repr(suite.train)
        for suite in suites_of(robot)
        if suite.name in (perturbations or (suite.name,))
    }


def _training(**given: Any) -> dict[str, Any]:
    """Every setting that a training run uses: with another default it is another cell."""
    settings = jsonable(dataclasses.asdict(TrainConfig(**given)))
    unused = {"out", "data", "threads", "weights", "logs", "logs_share"}
    if settings["perturbations"]:
        unused |= {"whole_share", "paired_share"}
    return {k: v for k, v in settings.items() if k not in unused}
