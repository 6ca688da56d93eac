"""The ant's fields and how they are measured."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from robots.ant import constants
from robots.ant.caution import unease, unsafe
from robots.ant.reward import fallen, reward
from robots.robot import Robot, gymnasium_model_file
from robots.spec import Caution, Field, RobotSpec

__all__ = ["ROBOT", "SPEC"]

Array = NDArray[np.float64]

SPEC = RobotSpec(
    name="ant",
    dt=constants.DT,
    observation=(
        Field("height", "m"),
        *(Field(f"up_{axis}", "1", low=-1.0, high=1.0) for axis in "xyz"),
        Field("yaw", "rad", low=-math.pi, high=math.pi, encoding="hidden", wraps=True),
        *(Field(f"{joint}_angle", "rad") for joint in constants.JOINTS),
        *(Field(f"velocity_{axis}", "m/s") for axis in "xyz"),
        *(Field(f"angular_velocity_{axis}", "rad/s") for axis in "xyz"),
        *(Field(f"{joint}_velocity", "rad/s") for joint in constants.JOINTS),
        Field("forward_speed", "m/s", encoding="hidden", target="value"),
        Field("lateral_speed", "m/s", encoding="hidden", target="value"),
    ),
    action=tuple(
        Field(joint, "1", low=-constants.ACTION_LIMIT, high=constants.ACTION_LIMIT)
        for joint in constants.JOINTS
    ),
    reward=reward,
    fallen=fallen,
    legs=constants.LEGS,
    caution=Caution(unsafe=unsafe, cost=constants.UNSAFE_COST, unease=unease, recoverable=True),
)

# qpos: x, y, z, quaternion (w, x, y, z), joints in action order.
# qvel: linear velocity in the world, angular velocity in the torso, joints in action order.
_Z = 2


def position(qpos: Array) -> Array:
    """The torso in the world [m], `[..., 15] -> [..., 3]`."""
    return qpos[..., :3].copy()


def _columns(values: Array) -> list[Array]:
    # Contiguous columns: numpy's transcendental loops may round strided input differently, and
    # one robot must measure the same as that robot in a batch.
    return list(np.ascontiguousarray(values.T))


def _yaw(qpos: Array) -> Array:
    w, x, y, z = _columns(qpos[:, 3:7])
    return np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def measure(qpos: Array, qvel: Array, start: Array, ground: Array) -> Array:
    """Height, up vector, yaw, joints, velocities, mean speeds in the starting heading; [B, 29]."""
    w, x, y, z = _columns(qpos[:, 3:7])
    vx, vy, vz = _columns(qvel[:, :3])
    # Rows of the torso's rotation matrix R: world axes seen from the torso.
    row_x = (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y))
    row_y = (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x))
    up = (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y))
    velocity = [ax * vx + ay * vy + az * vz for ax, ay, az in zip(row_x, row_y, up, strict=True)]

    dx, dy = _columns((qpos[:, :2] - start[:, :2]) / constants.DT)
    heading = _yaw(start)
    cos, sin = np.cos(heading), np.sin(heading)
    singles = np.stack([qpos[:, _Z] - ground, *up, _yaw(qpos)], axis=1)
    speeds = np.stack([cos * dx + sin * dy, cos * dy - sin * dx], axis=1)
    return np.concatenate(
        [singles, qpos[:, 7:], np.stack(velocity, axis=1), qvel[:, 3:], speeds], axis=1
    )


ROBOT = Robot(
    spec=SPEC,
    model_file=gymnasium_model_file("ant.xml"),
    substeps=constants.SUBSTEPS,
    joints=constants.JOINTS,
    torso="torso",
    initial_qpos=constants.INITIAL_QPOS,
    reset_noise=constants.RESET_NOISE,
    height_index=_Z,
    position=position,
    measure=measure,
    leg_geoms=constants.LEG_GEOMS,
)
