"""Whether a perturbation is out of reach of training, decided by kinds and ranges, not by draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adaptive_control.suites.acting import together
from adaptive_control.suites.train_side import TrainSide
from robots import get_robot, parse_perturbation
from robots.perturbations import Perturbation, Perturbations

__all__ = ["held_out"]


def held_out(text: str, robot: str, sides: Iterable[TrainSide]) -> bool:
    """Whether at some time something acts that none of the train sides covers.

    As draws are made of covered parts, one of a kind, none of them can then be this perturbation,
    whatever is drawn together.

    Args:
        text: the perturbation.
        robot: the robot's name.
        sides: all train sides of that robot.

    Raises:
        RobotError: the robot cannot have such a perturbation.
    """
    sides = tuple(sides)
    return any(
        not any(side.covers(part) for side in sides)
        for acting in _phases(parse_perturbation(text, robot), robot)
        for part in acting
    )


def _phases(perturbations: Perturbations, robot: str) -> Iterator[tuple[Perturbation, ...]]:
    """What acts together, at one time after another."""
    dt = get_robot(robot).spec.dt
    for step in (0, *perturbations.switch_steps(dt)):
        active = [perturbations.members[i] for i in perturbations.active(step, dt)]
        yield together(active, robot)
