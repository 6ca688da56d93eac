"""A training run: random data, rounds of (fit, collect), a last fit on everything.

The run is a list of stages. Each is a pure function of the seed, the settings and what the stages
before it left on disk, so a run that is killed goes on from its last checkpoint and ends with the
same model, to the bit.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.registry import make_dynamics
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.lock import alone
from adaptive_control.planning import layout_of
from adaptive_control.suites import check_perturbations
from adaptive_control.training.checkpoint import save_model
from adaptive_control.training.claim import begun, claim_folder, written_settings
from adaptive_control.training.collect import collect_planned, collect_random, training_faults
from adaptive_control.training.config import TrainConfig
from adaptive_control.training.dataset import copy_episodes, episode_copy
from adaptive_control.training.fit import Fit, Progress
from adaptive_control.training.given import (
    check_given,
    given_episodes,
    logged_episodes,
    write_given,
)
from adaptive_control.training.material import Material
from adaptive_control.training.report import Reporter, SilentReporter, write_log
from adaptive_control.training.stages import Stage, stages
from adaptive_control.training.start import begin, kept_value, starting_model
from adaptive_control.training.state import RunState
from adaptive_control.training.value import FittedValue, fit_value
from controllers import load_planner
from robots import get_robot

__all__ = ["TrainingRun", "train"]

_WITHOUT_EXPLORATION = 5
"""Every fifth robot collects without exploration noise: its return is the one reported."""


def train(config: TrainConfig, reporter: Reporter | None = None) -> Path:
    """Train, or go on training, and return the path of the model.

    Raises:
        AdaptiveControlError: a setting, the folder of another run in the way, or another process
            that trains in it.
        RobotError: no such robot.
        PlannerError: no such planner.
    """
    return TrainingRun(config, reporter or SilentReporter()).run()


class TrainingRun:
    """A run and its folder: config.json, episodes/, state.safetensors, log.csv, model.

    On another's data also data_files.json, what it was given.
    """

    def __init__(self, config: TrainConfig, reporter: Reporter):
        self.config, self.reporter = config, reporter
        self.robot = get_robot(config.robot)
        self.planner = load_planner(config.planner)
        if self.planner.lookahead.asks_for_value and not config.discount:
            raise AdaptiveControlError(
                "discount=0: fits no terminal value, and the planner asks for one "
                f"({config.planner}); must be above 0"
            )
        check_perturbations(config.robot, config.perturbations)
        self.folder = config.folder
        self.stages = stages(config)
        self._start = starting_model(config)
        resumed = begun(config)
        self._logs = [] if config.logs is None else logged_episodes(config, self.robot.spec)
        self._earlier = [] if config.data is None else given_episodes(config, resumed)
        if config.data is not None:
            self._check_earlier()  # before anything is written
        if not resumed and self._earlier and not config.rounds_to_collect:
            self._material(self.stages[0])  # what holds too little is told before, too
        self.state = RunState()

    def _check_earlier(self) -> None:
        config = self.config
        if not self._earlier:
            raise AdaptiveControlError(
                f"data={config.data}: no episodes there; expected the folder of a run"
            )
        length = check_given(self._earlier, self.robot.spec)
        if config.rounds_to_collect and length != config.episode_steps:
            raise AdaptiveControlError(
                f"episode_steps={config.episode_steps}: rounds that go on from "
                f"{config.data} must have its {length} steps"
            )

    @property
    def model_path(self) -> Path:
        """Where the finished model is written."""
        return self.folder / "model.safetensors"

    def run(self) -> Path:
        """Do all stages that are left.

        Raises:
            AdaptiveControlError: another process trains in the folder, or has begun another run.
        """
        with alone(self.folder, "training"):
            self._take_over()
            dynamics = self._as_left()
            while self.state.stage < len(self.stages):
                stage = self.stages[self.state.stage]
                if stage.kind == "fit":
                    self._fit(dynamics, stage)
                else:
                    self._collect(dynamics, stage)
                self.state.stage += 1
                self.state.fit = None
                self.state.tensors = dict(dynamics.state_dict())
                self._save()
            self._write_model(dynamics)
        return self.model_path

    def _take_over(self) -> None:
        """Make the folder this run's, or take up what is there; nothing is written before."""
        if not begun(self.config):  # again, as another process may have begun since
            if self._earlier:
                write_given(self._earlier, self.folder)
            claim_folder(self.config)
        if self._earlier and self.config.rounds_to_collect:
            self._earlier = copy_episodes(self._earlier, self.folder)
        state_file = self.folder / "state.safetensors"
        if state_file.exists():
            self.state = RunState.load(state_file)

    def _as_left(self) -> Dynamics:
        """The model as it was at the last checkpoint; a fit in progress restores its own."""
        if self.config.threads:
            torch.set_num_threads(self.config.threads)
        dynamics = make_dynamics(
            self.config.model, layout_of(self.robot.spec), self.config.hidden, self.config.seed
        )
        if self.state.tensors and self.state.fit is None:
            dynamics.load_state_dict(self.state.tensors)
        elif self._start is not None and self.state.fit is None:
            begin(dynamics, self._start)
        return dynamics

    def _collect(self, dynamics: Dynamics, stage: Stage) -> None:
        config, started = self.config, time.perf_counter()
        rng = self._generator(stage)
        planned = stage.kind == "collect"
        count = config.robots if planned else config.robots * config.random_batches
        faults = training_faults(
            self.robot, count, config.episode_steps, rng,
            config.perturbations, config.whole_share, config.paired_share,
        )  # fmt: skip
        noisy = np.arange(count) % _WITHOUT_EXPLORATION != 0
        name = f"round {stage.round}: collect" if planned else "random data"
        self.reporter.stage(name, config.episode_steps)
        if planned:
            fitted = self._fit_value(stage) if self.planner.lookahead.asks_for_value else None
            collected = collect_planned(
                dynamics, self.robot, self.planner, faults, config.episode_steps,
                window=config.window, exploration=config.exploration * noisy, rng=rng,
                threads=config.threads, watch=self.reporter.progress,
                value=None if fitted is None else fitted.value,
            )  # fmt: skip
        else:
            collected = collect_random(
                self.robot, faults, config.episode_steps, rng, config.threads
            )
        collected.episodes.save(self._episode_file(stage))
        mean_return = float(collected.returns[~noisy].mean()) if planned else None
        seconds = time.perf_counter() - started
        self._spend(stage.kind, seconds)
        rate = collected.episodes.transitions / seconds
        self._log(
            stage,
            transitions=collected.episodes.transitions, steps_per_second=rate, seconds=seconds,
            **({"return": mean_return} if planned else {}),
        )  # fmt: skip
        if mean_return is not None:
            self.reporter.line(
                f"round {stage.round}: return {mean_return:.1f} in {config.episode_steps} steps, "
                f"{rate:.0f} steps/s"
            )

    def _fit(self, dynamics: Dynamics, stage: Stage) -> None:
        config = self.config
        material = self._material(stage)
        last = self.stages[-1] is stage
        updates = config.final_updates if last else config.updates * (2 if stage.round == 1 else 1)
        flat = (
            torch.from_numpy(getattr(material.train, n)).flatten(0, 1)
            for n in ("observation", "action", "next_observation")
        )
        if self._start is None:
            dynamics.fit_normalizers(*flat)
        fit = Fit(
            dynamics, *material.samplers(config), config, updates, self._seed(stage),
            watch=self.reporter.progress,
        )  # fmt: skip
        if self.state.fit is not None:
            fit.restore(self.state.tensors, self.state.fit)
        started = time.perf_counter()
        name = "last fit" if last else f"round {stage.round}: fit"
        self.reporter.stage(name, updates)

        def on_validation(progress: Progress) -> None:
            nonlocal started
            seconds, started = time.perf_counter() - started, time.perf_counter()
            self._spend("fit", seconds)
            self._log(
                stage, update=progress.update, train_error=progress.train_error,
                error_before=progress.before, error_after=progress.after,
                ratio=progress.after / progress.before,
                updates_per_second=progress.updates_per_second,
                seconds=seconds,
            )  # fmt: skip
            self.reporter.progress(progress.update, str(progress))
            self.state.tensors, self.state.fit = fit.state()
            self._save()

        progress = fit.run(on_validation)
        if last:  # not before: a limit would be part of what the next fit is trained through
            fit.limit_steps()
        if progress is not None:
            self.reporter.line(f"{name}: {progress}, best after {progress.best_after:.4f}")

    def _spend(self, kind: str, seconds: float) -> None:
        self.state.seconds[kind] = self.state.seconds.get(kind, 0.0) + seconds

    def _material(self, stage: Stage) -> Material:
        """All episodes there are before `stage`."""
        before = self.stages[: self.stages.index(stage)]
        collected = [self._episode_file(s) for s in before if s.kind != "fit"]
        return Material.of((*self._earlier, *collected), self._logs, self.config)

    def _episode_file(self, stage: Stage) -> Path:
        before = max(0, len(self._earlier) - 1)  # files count from 0, and so do rounds
        return episode_copy(self.folder, before + stage.round)

    def _seed(self, stage: Stage) -> int:
        """A seed of its own for each stage, so that none depends on how the others were run."""
        words = (self.config.seed, stage.round, ("random", "fit", "collect").index(stage.kind))
        return int(np.random.SeedSequence(words).generate_state(1)[0])

    def _generator(self, stage: Stage) -> np.random.Generator:
        return np.random.default_rng(self._seed(stage))

    def _log(self, stage: Stage, **figures: object) -> None:
        self.state.log.append({"round": stage.round, "stage": stage.kind, **figures})

    def _save(self) -> None:
        self.state.save(self.folder / "state.safetensors")
        write_log(self.folder / "log.csv", self.state.log)

    def _write_model(self, dynamics: Dynamics) -> None:
        fits = [row for row in self.state.log if row["stage"] == "fit"]
        last = min(
            (r for r in fits if r["round"] == self.stages[-1].round),
            key=lambda row: row["error_after"],
        )
        fitted = self._fit_value(self.stages[-1])
        explained = {} if fitted is None else {"value": {"explained": fitted.explained}}
        save_model(
            self.model_path,
            dynamics,
            robot=self.config.robot,
            window=self.config.window,
            hidden=self.config.hidden,
            metadata={
                "settings": written_settings(self.config),
                "seconds": self.state.seconds,
                "validation": {k: last[k] for k in ("error_before", "error_after", "ratio")},
                **explained,
            },
            value=None if fitted is None else fitted.value,
        )

    def _fit_value(self, stage: Stage) -> FittedValue | None:
        """The terminal value: seconds, so no stage of its own; the same for all on equal data."""
        config = self.config
        if self._start is not None and not config.rounds_to_collect:
            return kept_value(self._start)
        if not config.discount:
            return None
        material = self._material(stage)
        fitted = fit_value(
            material.train, material.held_out, self.robot.spec, layout_of(self.robot.spec),
            discount=config.discount, seed=config.seed,
        )  # fmt: skip
        self.reporter.line(f"terminal value: explains {fitted.explained:.3f} of the variance")
        return fitted
