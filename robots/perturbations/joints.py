"""Joints that lose their motors, and legs that lose all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

import mujoco

from robots.errors import RobotError
from robots.perturbations.base import Perturbation, Place
from robots.robot import Robot

__all__ = ["CrippledJoint", "CrippledLeg"]

_SHRINK = 0.5
"""Size of a crippled leg's segments, relative to a sound leg's. Source: the ant of
Nagabandi, Clavera et al., "Learning to Adapt in Dynamic, Real-World Environments", ICLR 2019."""

_DEAD_COLOUR = (0.85, 0.15, 0.15)


def _cut_power(model: mujoco.MjModel, robot: Robot, actions: tuple[int, ...]) -> None:
    ids = robot.actuator_ids(model)[list(actions)]
    model.actuator_gainprm[ids] = 0.0
    model.actuator_biasprm[ids] = 0.0


@dataclass(frozen=True, kw_only=True)
class CrippledJoint(Perturbation):
    """The motors of some joints are dead and the joints slack: `crippled-joint:4`, `:0,1`.

    Attributes:
        joints: action indices, increasing.
    """

    kind: ClassVar[str] = "crippled-joint"
    takes: ClassVar[str] = "joint numbers joined by commas, such as 4 or 0,1"

    joints: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.joints or tuple(sorted(set(self.joints))) != self.joints:
            raise self.bad(self.joints, "one or more different joint numbers, increasing")

    @classmethod
    def parse(cls, argument: str) -> Self:
        if not re.fullmatch(r"[0-9]{1,4}(,[0-9]{1,4})*", argument):
            raise RobotError(f"{cls.kind}: {argument!r} is not allowed; allowed: {cls.takes}")
        joints = sorted(int(part) for part in argument.split(","))
        if len(set(joints)) != len(joints):
            raise RobotError(f"{cls.kind}: {argument!r} repeats a joint; allowed: {cls.takes}")
        return cls(joints=tuple(joints))

    @property
    def argument(self) -> str:
        return ",".join(map(str, self.joints))

    def check(self, robot: Robot) -> None:
        for joint in self.joints:
            if not 0 <= joint < robot.spec.action_size:
                last = robot.spec.action_size - 1
                raise self.bad(f"joint {joint}", f"0 to {last} on {robot.spec.name}")

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        _cut_power(model, robot, self.joints)
        for joint in self.joints:
            body = model.jnt_bodyid[model.joint(robot.joints[joint]).id]
            model.geom_rgba[model.geom_bodyid == body, :3] = _DEAD_COLOUR


@dataclass(frozen=True, kw_only=True)
class CrippledLeg(Perturbation):
    """All motors of one leg are dead: `crippled-leg:back`.

    Where the robot lists the leg's segments (`Robot.leg_geoms`), they shrink to half their
    thickness and the outermost to half its length, so that the stump hardly reaches the ground;
    masses stay.

    Attributes:
        leg: the leg's name in `RobotSpec.legs`.
    """

    kind: ClassVar[str] = "crippled-leg"
    takes: ClassVar[str] = "the name of a leg"

    leg: str

    @classmethod
    def parse(cls, argument: str) -> Self:
        return cls(leg=argument)

    @property
    def argument(self) -> str:
        return self.leg

    def check(self, robot: Robot) -> None:
        if self.leg not in robot.spec.legs:
            names = ", ".join(robot.spec.legs)
            raise self.bad(f"leg {self.leg!r}", f"{names} on {robot.spec.name}")

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        actions = robot.spec.legs[self.leg]
        _cut_power(model, robot, actions)
        for action in actions:
            body = model.jnt_bodyid[model.joint(robot.joints[action]).id]
            model.geom_rgba[model.geom_bodyid == body, :3] = _DEAD_COLOUR
        segments = robot.leg_geoms.get(self.leg, ())
        for segment in segments:
            # A segment that carries another one keeps its length: the joint sits at its end.
            _shrink(model, model.geom(segment).id, shorten=segment == segments[-1])


def _shrink(model: mujoco.MjModel, geom: int, shorten: bool) -> None:
    """Shrink a segment towards its body's origin, which is the joint end of it.

    What collision detection prunes with (bounding radius and box) then is larger than need be,
    which is safe.
    """
    model.geom_size[geom, 0] *= _SHRINK
    if shorten:
        model.geom_size[geom, 1] *= _SHRINK
        model.geom_pos[geom] *= _SHRINK
