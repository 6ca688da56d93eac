"""The text form of perturbations: `kind:argument[@onset[-end]]`, joined by `+`."""

from __future__ import annotations

import re

from robots.errors import RobotError
from robots.perturbations.base import Perturbation
from robots.perturbations.combined import NONE, Perturbations
from robots.perturbations.numbers import parse_number
from robots.perturbations.registry import KINDS
from robots.perturbations.schedule import Schedule
from robots.registry import get_robot
from robots.robot import Robot

__all__ = ["parse_perturbation"]

_TIMES = "times with an s, such as @5s or @5s-10s"


def parse_perturbation(text: str, robot: str | Robot) -> Perturbations:
    """The perturbations that a text stands for, checked against the robot.

    Args:
        text: such as "crippled-leg:back@5s+mass:1.5@8s-10s"; "none" is the unperturbed robot.
        robot: the robot, or its name.

    Returns:
        The perturbations; `str()` of them is the canonical text and reads back as the same.

    Raises:
        RobotError: naming the part that is wrong, and what is allowed.
    """
    if not isinstance(text, str):
        raise RobotError(f"perturbation {text!r} is not text; allowed: kind:argument[@onset[-end]]")
    if isinstance(robot, str):
        robot = get_robot(robot)
    if text.strip() == "none":
        return NONE
    perturbations = Perturbations(tuple(_parse_part(part.strip()) for part in text.split("+")))
    perturbations.check(robot)
    return perturbations


def _parse_part(part: str) -> Perturbation:
    kind, colon, rest = part.partition(":")
    if kind not in KINDS:
        raise RobotError(
            f"perturbation {part!r}: kind {kind!r} is unknown; allowed: none, {', '.join(KINDS)}"
        )
    if not colon or not rest:
        raise RobotError(
            f"perturbation {part!r} has no argument; allowed: {kind}:{KINDS[kind].takes}"
        )
    argument, at, times = rest.partition("@")
    perturbation = KINDS[kind].parse(argument)
    return perturbation.scheduled(_parse_schedule(part, times)) if at else perturbation


def _parse_schedule(part: str, text: str) -> Schedule:
    match = re.fullmatch(r"([0-9.]+)s(?:-([0-9.]+)s)?", text)
    if match is None:
        raise RobotError(f"perturbation {part!r}: time {text!r} is not allowed; allowed: {_TIMES}")
    onset, end = (
        None if group is None else parse_number(group, f"perturbation {part!r}", _TIMES)
        for group in match.groups()
    )
    return Schedule(onset, end)
