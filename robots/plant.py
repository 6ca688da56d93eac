"""The plant: a compiled MuJoCo model of the robot with what acts on it now.

Each time anything switches, a new plant is made from the nominal one and the perturbations then
active. Nothing is undone, so what is off leaves no trace.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import mujoco
import numpy as np

from robots.check import check_robot
from robots.perturbations.base import Array, Ground, Perturbation, Place
from robots.perturbations.registry import KINDS
from robots.robot import Robot
from robots.servos import keep_integrable

__all__ = ["Layout", "Plant", "build_plant", "compiled", "lowest_point", "physics_steps"]

Layout = tuple[str, ...]
"""Which structures a model contains; models with the same layout can share simulation data."""


@dataclass(frozen=True, eq=False)
class Plant:
    """A model and what is known of it.

    Attributes:
        model: the compiled model; shared between plants if nothing acts, so read only.
        layout: the structures it contains.
        structures: the perturbations that laid them.
        ground: the ground, if it is not flat.
        followers: perturbations that keep up with the robot, each with its onset [3] [m].
    """

    model: mujoco.MjModel
    layout: Layout
    structures: tuple[Perturbation, ...]
    ground: Ground | None
    followers: tuple[tuple[Perturbation, Array], ...]


def build_plant(
    robot: Robot, active: Sequence[tuple[Perturbation, Array]], position: Array
) -> Plant:
    """The plant under some perturbations.

    Args:
        robot: the robot.
        active: what acts, in order, each with the torso's position at its onset [3] [m].
        position: the torso's position now [3] [m].
    """
    structures = tuple(p for p, _ in active if p.structure_name)
    layout = tuple(sorted({p.structure_name for p in structures}))
    model = compiled(robot, layout)
    if active:
        model = copy.copy(model)
    ground = None
    for perturbation, onset in active:
        place = Place(onset, position)
        perturbation.apply(model, robot, place)
        ground = perturbation.ground(place) or ground
    if active:
        keep_integrable(model, robot)
    followers = tuple((p, onset) for p, onset in active if p.follows)
    return Plant(model, layout, structures, ground, followers)


@cache
def compiled(robot: Robot, layout: Layout) -> mujoco.MjModel:
    """The nominal model with those structures; always the same object, to be copied.

    Raises:
        RobotError: the robot does not fit its model.
    """
    spec = robot.mj_spec()
    for kind in KINDS.values():
        if kind.structure_name in layout:
            kind.structure(spec, robot)
    model = spec.compile()
    if not layout:
        check_robot(robot, model)
    else:
        # Cameras see nothing nearer than a fraction of this, and long decks would raise it.
        model.stat.extent = compiled(robot, ()).stat.extent
    return model


def physics_steps(robot: Robot, model: mujoco.MjModel, substeps: int) -> int:
    """Steps of `model` in as much time as `substeps` of the robot's own; layouts may be finer."""
    own = float(compiled(robot, ()).opt.timestep)
    return substeps * round(own / float(model.opt.timestep))


def lowest_point(robot: Robot, qpos: Array) -> float:
    """World height of the lowest point of the robot [m]; `qpos` is the robot's [nq]."""
    model = compiled(robot, ())
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    mujoco.mj_kinematics(model, data)
    lowest = np.inf
    for geom in np.flatnonzero(model.geom_bodyid > 0):
        radius, half_length = model.geom_size[geom, :2]
        if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_CAPSULE:
            reach = radius + half_length * abs(data.geom_xmat[geom, 8])
        elif model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_BOX:
            reach = model.geom_size[geom] @ np.abs(data.geom_xmat[geom, 6:])
        else:
            reach = model.geom_rbound[geom]
        lowest = min(lowest, data.geom_xpos[geom, 2] - reach)
    return float(lowest)
