"""From what was asked for to what will be run; everything that can be refused is refused here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from adaptive_control.demo.config import DemoConfig
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import checked_method
from adaptive_control.planning import checked_terminal
from adaptive_control.pretrained import planner_for, pretrained_path
from adaptive_control.training import LoadedModel, load_model
from controllers import SamplingPlanner, format_planner
from robots import Robot, get_robot, parse_perturbation
from robots.perturbations import Perturbations
from robots.perturbations.schedule import first_step

__all__ = ["DEFAULT_FAULTS", "Demo", "prepare"]

DEFAULT_FAULTS = {
    "half-cheetah": "actuator-gain:4=-1",
    "ant": "crippled-leg:3",
    "a1": "crippled-joint:10",
}
"""What breaks if nothing is named: what adapting is worth most under, whatever the seed (decision
0014). A motor that turns the other way; on the ant a whole leg, and on the A1, which cannot stand
without one, a thigh."""


@dataclass(frozen=True)
class Demo:
    """A demo that is ready to run.

    Attributes:
        config: the configuration with nothing left open: canonical perturbation with its times,
            every planner setting, the checkpoints used.
        robot: the robot.
        perturbation: what breaks, and when.
        planner: for both twins.
        models: the model under test, and the one beside it.
    """

    config: DemoConfig
    robot: Robot
    perturbation: Perturbations
    planner: SamplingPlanner
    models: tuple[LoadedModel, LoadedModel]

    @property
    def steps(self) -> int:
        """T, control steps of the run."""
        return _steps(self.config.seconds, self.robot)

    @property
    def fault_step(self) -> int | None:
        """The first control step under the fault; None if nothing breaks."""
        onsets = self.perturbation.onsets
        return first_step(onsets[0], self.robot.spec.dt) if onsets else None

    @property
    def seeds(self) -> tuple[int, ...]:
        """`[B]`, one a robot."""
        return tuple(range(self.config.seed, self.config.seed + self.config.seeds))


def prepare(config: DemoConfig) -> Demo:
    """Resolve `config`.

    Raises:
        RobotError: robot or perturbation.
        PlannerError: planner.
        AdaptiveControlError: model, checkpoint, or a fault that the run does not reach.
    """
    robot = get_robot(config.robot)
    if _steps(config.seconds, robot) < 2:
        raise AdaptiveControlError(
            f"seconds: {config.seconds} is less than two control periods of {robot.spec.dt} s"
        )
    perturbation = _resolve_perturbation(config, robot)
    planner = planner_for(config.robot, config.planner)
    first, model = _load("model", config.model, config.checkpoint, config.robot)
    second, versus = _load("versus", config.versus, config.versus_checkpoint, config.robot)
    for twin in (model, versus):
        checked_terminal(planner, twin.value)
    resolved = replace(
        config,
        perturb=str(perturbation),
        planner=format_planner(planner),
        checkpoint=first,
        versus_checkpoint=second,
    )
    return Demo(resolved, robot, perturbation, planner, (model, versus))


def sha256(path: Path) -> str:
    """The hash that says which checkpoint was used, wherever it lay."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _steps(seconds: float, robot: Robot) -> int:
    return round(seconds / robot.spec.dt)


def _resolve_perturbation(config: DemoConfig, robot: Robot) -> Perturbations:
    text = config.perturb or DEFAULT_FAULTS.get(config.robot, "none")
    half_way = round(config.seconds / 2 / robot.spec.dt) * robot.spec.dt
    perturbation = parse_perturbation(text, robot.spec.name).with_schedule(round(half_way, 6))
    for onset in perturbation.onsets[:1]:
        if first_step(onset, robot.spec.dt) >= _steps(config.seconds, robot):
            raise AdaptiveControlError(
                f"perturb: {perturbation} begins after the run of {config.seconds} s; "
                "give an earlier time or more --seconds"
            )
    return perturbation


def _load(field: str, kind: str, path: Path | None, robot: str) -> tuple[Path, LoadedModel]:
    """The model of that kind, and where it was found; the one that ships if no path is given."""
    checked_method(kind, field)
    path = path or pretrained_path(robot, kind)
    return path, load_model(path, robot=robot, method=kind)
