"""Motors that pull too weakly, too strongly or the wrong way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

import mujoco

from robots.errors import RobotError
from robots.perturbations.base import Perturbation, Place
from robots.perturbations.numbers import finite, format_number, parse_number
from robots.robot import Robot

__all__ = ["ActuatorGain"]

_LIMIT = 3.0
# Motors far stronger than their joints are made for drive the integrator unstable.


@dataclass(frozen=True, kw_only=True)
class ActuatorGain(Perturbation):
    """Motor torques are scaled: `actuator-gain:0.3` (all), `3=-1` (reversed), `3=-1,4=0.5`.

    Attributes:
        gains: (action index, factor), by increasing index; index None stands for all motors and
            then is the only one. Factors are between -3 and 3.
    """

    kind: ClassVar[str] = "actuator-gain"
    takes: ClassVar[str] = "a factor from -3 to 3 such as 0.3, or joint=factor pairs: 3=-1,4=0.5"

    gains: tuple[tuple[int | None, float], ...]

    def __post_init__(self) -> None:
        joints = [joint for joint, _ in self.gains]
        if not joints or (None in joints and len(joints) > 1):
            raise self.bad(self.gains, self.takes)
        if None not in joints and sorted(set(joints)) != joints:  # pyright: ignore[reportArgumentType]
            raise self.bad(self.gains, "each joint once, increasing")
        for _, factor in self.gains:
            if not finite(factor, -_LIMIT, _LIMIT):
                raise self.bad(f"factor {factor}", "-3 to 3")

    @classmethod
    def parse(cls, argument: str) -> Self:
        if "=" not in argument:
            return cls(gains=((None, parse_number(argument, cls.kind, cls.takes)),))
        gains: dict[int, float] = {}
        for part in argument.split(","):
            joint, _, factor = part.partition("=")
            if not re.fullmatch(r"[0-9]{1,4}", joint):
                raise RobotError(f"{cls.kind}: {part!r} is not allowed; allowed: {cls.takes}")
            if int(joint) in gains:
                raise RobotError(f"{cls.kind}: joint {int(joint)} is given twice; allowed: once")
            gains[int(joint)] = parse_number(factor, cls.kind, cls.takes)
        return cls(gains=tuple(sorted(gains.items())))

    @property
    def argument(self) -> str:
        return ",".join(
            format_number(factor) if joint is None else f"{joint}={format_number(factor)}"
            for joint, factor in self.gains
        )

    def check(self, robot: Robot) -> None:
        for joint, _ in self.gains:
            if joint is not None and not 0 <= joint < robot.spec.action_size:
                last = robot.spec.action_size - 1
                raise self.bad(f"joint {joint}", f"0 to {last} on {robot.spec.name}")

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        ids = robot.actuator_ids(model)
        for joint, factor in self.gains:
            chosen = ids if joint is None else ids[joint]
            model.actuator_gainprm[chosen] *= factor
            model.actuator_biasprm[chosen] *= factor
