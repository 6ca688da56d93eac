"""What is measured of a robot whose torso moves freely, with legs under it.

qpos: x, y, z, quaternion (w, x, y, z), joints in action order.
qvel: linear velocity in the world, angular velocity in the torso, joints in action order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from robots.spec import Field

__all__ = ["HEIGHT_INDEX", "fields", "measure", "position", "speed_along_x", "unease"]

Array = NDArray[np.float64]

HEIGHT_INDEX = 2
"""Index in qpos of the torso's vertical position."""


def fields(joints: Sequence[str]) -> tuple[Field, ...]:
    """What `measure` gives, field by field."""
    return (
        Field("height", "m"),
        *(Field(f"up_{axis}", "1", low=-1.0, high=1.0) for axis in "xyz"),
        Field("yaw", "rad", low=-math.pi, high=math.pi, encoding="hidden", wraps=True),
        *(Field(f"{joint}_angle", "rad") for joint in joints),
        *(Field(f"velocity_{axis}", "m/s") for axis in "xyz"),
        *(Field(f"angular_velocity_{axis}", "rad/s") for axis in "xyz"),
        *(Field(f"{joint}_velocity", "rad/s") for joint in joints),
        Field("forward_speed", "m/s", encoding="hidden", target="value"),
        Field("lateral_speed", "m/s", encoding="hidden", target="value"),
    )


def speed_along_x(heading: Any, forward: Any, lateral: Any) -> Any:
    """Speed along world x from the speeds in a heading, numpy or torch, `[...]` each."""
    xp = array_namespace(heading)
    return xp.cos(heading) * forward - xp.sin(heading) * lateral


def position(qpos: Array) -> Array:
    """The torso in the world [m], `[..., nq] -> [..., 3]`."""
    return qpos[..., :3].copy()


def measure(qpos: Array, qvel: Array, start: Array, ground: Array, dt: float) -> Array:
    """Height, up vector, yaw, joints, velocities, mean speeds in the starting heading.

    Args:
        qpos: at the end of a control period [B, nq].
        qvel: likewise [B, nv].
        start: qpos where the period began [B, nq].
        ground: height of the ground under the torso [B] [m].
        dt: the control period [s].

    Returns:
        [B, 5 + joints + 6 + joints + 2].
    """
    w, x, y, z = _columns(qpos[:, 3:7])
    vx, vy, vz = _columns(qvel[:, :3])
    # Rows of the torso's rotation matrix R: world axes seen from the torso.
    row_x = (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y))
    row_y = (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x))
    up = (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y))
    velocity = [ax * vx + ay * vy + az * vz for ax, ay, az in zip(row_x, row_y, up, strict=True)]

    dx, dy = _columns((qpos[:, :2] - start[:, :2]) / dt)
    heading = _yaw(start)
    cos, sin = np.cos(heading), np.sin(heading)
    singles = np.stack([qpos[:, HEIGHT_INDEX] - ground, *up, _yaw(qpos)], axis=1)
    speeds = np.stack([cos * dx + sin * dy, cos * dy - sin * dx], axis=1)
    return np.concatenate(
        [singles, qpos[:, 7:], np.stack(velocity, axis=1), qvel[:, 3:], speeds], axis=1
    )


def unease(up_z: Any, velocity_z: Any, *, tilt: float, leap_speed: float, leap: float) -> Any:
    """What a planner is charged at each step for a tilt, and for a leap that it cannot take back.

    Args:
        up_z: cosine of the tilt, [...].
        velocity_z: upward speed of the torso along its own axis [m/s], [...].
        tilt: cost of 1 - the cosine.
        leap_speed: upward speed from which a step is a leap [m/s].
        leap: cost of the square of the excess.

    Returns:
        Cost in units of reward, [...].
    """
    xp = array_namespace(up_z)
    excess = velocity_z - leap_speed
    excess = xp.where(excess > 0, excess, xp.zeros_like(excess))
    return tilt * (1 - up_z) + leap * excess * excess


def _columns(values: Array) -> list[Array]:
    # Contiguous columns: numpy's transcendental loops may round strided input differently, and
    # one robot must measure the same as that robot in a batch.
    return list(np.ascontiguousarray(values.T))


def _yaw(qpos: Array) -> Array:
    w, x, y, z = _columns(qpos[:, 3:7])
    return np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
