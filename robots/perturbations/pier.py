"""A floating deck: blocks that sink under the robot, each on its own spring and damper.

After the pier of Nagabandi, Clavera et al., "Learning to Adapt in Dynamic, Real-World
Environments", ICLR 2019, whose damping decides how the deck answers a foot. The blocks lie side by
side along x, and those left behind come back in front, so a few make an endless deck.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import mujoco
import numpy as np

from robots.perturbations.base import Array, Place
from robots.perturbations.body import update_constants
from robots.perturbations.conveyor import conveyor_slots
from robots.perturbations.one_number import OneNumber
from robots.perturbations.terrain import hide_floor
from robots.robot import FLOOR, Robot

__all__ = ["Pier"]

_BLOCKS = 24
_BEHIND = 6  # blocks behind the torso's; those ahead reach 8.5 m
_LENGTH = 0.5  # m along x
_HALF_WIDTH = 100.0  # m along y
_THICKNESS = 0.5  # m
_SINK = 0.15  # m, with the robot's whole weight at rest on two blocks
_STROKE = 0.45  # m; then a block hits its stop
_RELATIVE_MASS = 0.1  # of a block to the robot


@dataclass(frozen=True, kw_only=True)
class Pier(OneNumber):
    """The ground is a deck of sprung blocks with this much damping [N s/m]: `pier:10`.

    The springs are set by the robot: with its weight on two blocks, they sink 0.15 m. The deck
    lies level with the floor it replaces.
    """

    kind: ClassVar[str] = "pier"
    takes: ClassVar[str] = "damping from 0 to 1000 N s/m, such as 10"
    exclusive: ClassVar[str] = "ground"
    structure_name: ClassVar[str] = "pier"
    follows: ClassVar[bool] = True
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1000.0

    @classmethod
    def structure(cls, spec: mujoco.MjSpec, robot: Robot) -> None:
        nominal = spec.compile()
        mass = float(nominal.body_mass.sum())
        weight = mass * float(np.linalg.norm(nominal.opt.gravity))
        floor = spec.geom(FLOOR)
        for block in range(_BLOCKS):
            # Blocks float: their own weight is carried whichever way gravity points.
            body = spec.worldbody.add_body(name=_name(block), gravcomp=1.0)
            body.add_joint(
                name=_name(block),
                type=mujoco.mjtJoint.mjJNT_SLIDE,
                axis=(0.0, 0.0, 1.0),
                stiffness=np.array([weight / 2 / _SINK, 0.0, 0.0]),
                armature=0.0,
                limited=True,
                range=(-_STROKE, _STROKE),
            )
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=(_LENGTH / 2, _HALF_WIDTH, _THICKNESS / 2),
                pos=(0.0, 0.0, -_THICKNESS / 2),
                mass=_RELATIVE_MASS * mass,
                friction=floor.friction,
                contype=floor.contype,
                conaffinity=floor.conaffinity,
                rgba=(0.25, 0.45, 0.65, 1.0) if block % 2 else (0.35, 0.55, 0.75, 1.0),
            )

        # Blocks collide with what the floor collides with, but not with one another.
        for one, other in combinations(range(_BLOCKS), 2):
            spec.add_exclude(bodyname1=_name(one), bodyname2=_name(other))

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        hide_floor(model)
        dofs = _dofs(model)
        model.dof_damping[dofs] = self.value
        # Not every integrator is implicit in damping. A block so heavy that damping needs a whole
        # physics step to stop it is stable under all of them, and still moves as damping decides.
        model.dof_armature[dofs] = self.value * model.opt.timestep
        bodies = _bodies(model)
        model.body_pos[bodies, 0] = _block_x(place)
        model.body_pos[bodies, 1] = place.onset[1]
        update_constants(model)

    def follow(self, model: mujoco.MjModel, qpos: Array, qvel: Array, place: Place) -> bool:
        bodies = _bodies(model)
        x = _block_x(place)
        moved = np.flatnonzero(model.body_pos[bodies, 0] != x)
        if not moved.size:
            return False
        model.body_pos[bodies, 0] = x
        joints = model.body_jntadr[bodies][moved]
        qpos[model.jnt_qposadr[joints]] = 0.0
        qvel[model.jnt_dofadr[joints]] = 0.0
        return True


def _name(block: int) -> str:
    return f"pier_{block}"


def _bodies(model: mujoco.MjModel) -> slice:
    first = model.body(_name(0)).id
    return slice(first, first + _BLOCKS)


def _dofs(model: mujoco.MjModel) -> slice:
    first = int(model.joint(_name(0)).dofadr[0])
    return slice(first, first + _BLOCKS)


def _block_x(place: Place) -> Array:
    """Where each block lies for a robot that is now here [_BLOCKS] [m]."""
    first = int(np.floor((place.now[0] - place.onset[0]) / _LENGTH)) - _BEHIND
    return place.onset[0] + _LENGTH * conveyor_slots(first, _BLOCKS)
