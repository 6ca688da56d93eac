"""Masses and damping of the robot's own bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import mujoco
import numpy as np

from robots.perturbations.base import Place
from robots.perturbations.one_number import OneNumber
from robots.robot import Robot

__all__ = ["Damping", "Mass", "Payload", "update_constants"]


def _robot_bodies(model: mujoco.MjModel, robot: Robot) -> np.ndarray:
    """Which bodies are the robot's: those of the torso's kinematic tree, bool [nbody]."""
    return model.body_treeid == model.body_treeid[model.body(robot.torso).id]


def update_constants(model: mujoco.MjModel) -> None:
    """Recompute what MuJoCo derives from masses and armatures (contact softness depends on it)."""
    mujoco.mj_setConst(model, mujoco.MjData(model))


@dataclass(frozen=True, kw_only=True)
class Mass(OneNumber):
    """Every body of the robot is heavier (or lighter) by a factor: `mass:2.0`."""

    kind: ClassVar[str] = "mass"
    takes: ClassVar[str] = "a factor from 0.1 to 10, such as 2.0"
    low: ClassVar[float] = 0.1
    high: ClassVar[float] = 10.0

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        bodies = _robot_bodies(model, robot)
        model.body_mass[bodies] *= self.value
        model.body_inertia[bodies] *= self.value
        update_constants(model)


@dataclass(frozen=True, kw_only=True)
class Payload(OneNumber):
    """A point mass [kg] fixed at the torso's centre of mass: `payload:1.5`."""

    kind: ClassVar[str] = "payload"
    takes: ClassVar[str] = "kilograms from 0 to 100, such as 1.5"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 100.0

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        model.body_mass[model.body(robot.torso).id] += self.value
        update_constants(model)


@dataclass(frozen=True, kw_only=True)
class Damping(OneNumber):
    """Viscous damping of the actuated joints is scaled: `damping:3.0`."""

    kind: ClassVar[str] = "damping"
    takes: ClassVar[str] = "a factor from 0 to 100, such as 3.0"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 100.0

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        for joint in robot.joints:
            model.dof_damping[model.joint(joint).dofadr] *= self.value
