"""Sensors that read wrong or late. The plant, and the true reward, stay as they are."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from robots.errors import RobotError
from robots.perturbations.base import Perturbation, Sensing
from robots.perturbations.numbers import finite, format_number, parse_number
from robots.perturbations.schedule import first_step
from robots.robot import Robot

__all__ = ["MAX_DELAY", "Delay", "SensorBias"]

MAX_DELAY = 1.0
"""Longest observation delay [s]."""

_MAX_BIAS = 1000.0


@dataclass(frozen=True, kw_only=True)
class SensorBias(Perturbation):
    """One field of the observation reads too high: `sensor-bias:pitch=0.1`.

    Attributes:
        field: name of an observation field.
        offset: added to it, in the field's unit.
    """

    kind: ClassVar[str] = "sensor-bias"
    takes: ClassVar[str] = "FIELD=VALUE with a value from -1000 to 1000, such as pitch=0.1"

    field: str
    offset: float

    def __post_init__(self) -> None:
        if not finite(self.offset, -_MAX_BIAS, _MAX_BIAS):
            raise self.bad(f"{self.field}={self.offset}", self.takes)

    @classmethod
    def parse(cls, argument: str) -> Self:
        field, equals, offset = argument.partition("=")
        if not equals:
            raise RobotError(f"{cls.kind}: {argument!r} is not allowed; allowed: {cls.takes}")
        return cls(field=field, offset=parse_number(offset, cls.kind, cls.takes))

    @property
    def argument(self) -> str:
        return f"{self.field}={format_number(self.offset)}"

    def check(self, robot: Robot) -> None:
        names = robot.spec.observation_names
        if self.field not in names:
            allowed = f"{', '.join(names)} on {robot.spec.name}"
            raise self.bad(f"field {self.field!r}", allowed)

    def sense(self, sensing: Sensing, robot: Robot) -> Sensing:
        bias = sensing.bias.copy()
        bias[robot.spec.observation_names.index(self.field)] += self.offset
        return replace(sensing, bias=bias)


@dataclass(frozen=True, kw_only=True)
class Delay(Perturbation):
    """Observations arrive late: `delay:0.05s`. Several delays add up.

    Attributes:
        seconds: their age on arrival [s], a whole number of control periods, at most 1 s.
    """

    kind: ClassVar[str] = "delay"
    takes: ClassVar[str] = "seconds with an s, more than 0 and at most 1, such as 0.05s"

    seconds: float

    def __post_init__(self) -> None:
        if not (finite(self.seconds, 0.0, MAX_DELAY) and self.seconds > 0.0):
            raise self.bad(f"{self.seconds} s", self.takes)

    @classmethod
    def parse(cls, argument: str) -> Self:
        if not re.fullmatch(r"[0-9.]+s", argument):
            raise RobotError(f"{cls.kind}: {argument!r} is not allowed; allowed: {cls.takes}")
        return cls(seconds=parse_number(argument[:-1], cls.kind, cls.takes))

    @property
    def argument(self) -> str:
        return f"{format_number(self.seconds)}s"

    def check(self, robot: Robot) -> None:
        dt = robot.spec.dt
        steps = self.seconds / dt
        if round(steps) < 1 or not math.isclose(steps, round(steps), rel_tol=1e-6):
            allowed = f"multiples of {robot.spec.name}'s control period, {dt} s"
            raise self.bad(f"{format_number(self.seconds)} s", allowed)

    def sense(self, sensing: Sensing, robot: Robot) -> Sensing:
        return replace(sensing, delay=sensing.delay + first_step(self.seconds, robot.spec.dt))
