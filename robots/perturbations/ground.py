"""Slope and friction of an even ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import mujoco

from robots.perturbations.base import Place
from robots.perturbations.one_number import OneNumber
from robots.robot import Robot

__all__ = ["Friction", "Slope"]


@dataclass(frozen=True, kw_only=True)
class Slope(OneNumber):
    """The ground is tilted about y, uphill towards +x if positive [degrees]: `slope:15`.

    Done by turning gravity instead, which for an endless plane is exactly the same: positions,
    heights and pitch are relative to the ground, as for a robot that walks onto a ramp.
    """

    kind: ClassVar[str] = "slope"
    takes: ClassVar[str] = "degrees from -60 to 60, uphill positive, such as 15"
    low: ClassVar[float] = -60.0
    high: ClassVar[float] = 60.0

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        cos, sin = math.cos(math.radians(self.value)), math.sin(math.radians(self.value))
        x, _, z = model.opt.gravity.copy()
        model.opt.gravity[0] = cos * x + sin * z
        model.opt.gravity[2] = cos * z - sin * x


@dataclass(frozen=True, kw_only=True)
class Friction(OneNumber):
    """Sliding friction is scaled: `friction:0.5`.

    A contact takes the greater coefficient of its two surfaces, so robot and ground are scaled
    alike. Well above the factors allowed, MuJoCo's contacts turn soft and robots sink in.
    """

    kind: ClassVar[str] = "friction"
    takes: ClassVar[str] = "a factor from 0.01 to 3, such as 0.5"
    low: ClassVar[float] = 0.01
    high: ClassVar[float] = 3.0

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        model.geom_friction[:, 0] *= self.value
