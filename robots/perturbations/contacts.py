"""How hard contacts and the end stops of joints are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import mujoco

from robots.perturbations.base import Place
from robots.perturbations.one_number import OneNumber
from robots.robot import Robot

__all__ = ["Contacts"]

_HARDEST = 0.004
"""Least time constant [s]."""


@dataclass(frozen=True, kw_only=True)
class Contacts(OneNumber):
    """Contacts and joint stops answer within this time [s]: `contacts:0.004`.

    It is the time constant of MuJoCo's `solref`, critically damped; 0.02, the default, is soft. A
    constraint is stable down to two physics steps, so these become as short as the hardest needs,
    whatever the argument.
    """

    kind: ClassVar[str] = "contacts"
    takes: ClassVar[str] = f"seconds from {_HARDEST} (hard) to 0.1 (soft), such as 0.01"
    structure_name: ClassVar[str] = "contacts"
    low: ClassVar[float] = _HARDEST
    high: ClassVar[float] = 0.1

    @classmethod
    def structure(cls, spec: mujoco.MjSpec, robot: Robot) -> None:
        step = float(spec.option.timestep)
        spec.option.timestep = step / math.ceil(round(2 * step / _HARDEST, 6))

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        for reference in (model.geom_solref, model.jnt_solref):
            reference[:] = self.value, 1.0
