"""What is derived from a body's orientation and position: up vector, angles, speeds.

With the unit quaternion `(w, x, y, z)` that turns the body's axes into the world's, the world's
vertical as the body sees it is the last row of its rotation matrix:

    up = (2 (x z - w y), 2 (y z + w x), 1 - 2 (x^2 + y^2))

Axes as in ROS (REP 103): x forward, y left, z up; a positive pitch points the nose down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = [
    "ATTITUDE",
    "MOTION",
    "MissingError",
    "Pose",
    "attitude",
    "motion",
    "to_body",
    "to_world",
]

ATTITUDE = ("up_x", "up_y", "up_z", "roll", "pitch", "planar_pitch", "yaw")
"""Values that an orientation gives. `planar_pitch` goes all the way round: for a robot that cannot
roll or turn it is its angle, where `pitch` ends at a quarter turn."""

MOTION = ("forward_speed", "lateral_speed", "speed_x", "speed_y")
"""Mean speeds over the control period [m/s]: along and across the heading that the body had at its
beginning, and along the axes in which positions are given."""

_UNIT = 0.05
"""A quaternion whose length is this far off 1 is no orientation."""


class MissingError(Exception):
    """A value is not there, so the observation cannot be made; the text says why."""


@dataclass(frozen=True)
class Pose:
    """Where a body is, as one message tells it.

    Attributes:
        orientation: unit quaternion (w, x, y, z); None if the message has none.
        position: x, y, z [m]; None if the message has none.
    """

    orientation: tuple[float, float, float, float] | None = None
    position: tuple[float, float, float] | None = None


def attitude(name: str, pose: Pose) -> float:
    """One of `ATTITUDE`: [1] or [rad].

    Raises:
        MissingError: no orientation, or one that is not a rotation.
    """
    w, x, y, z = _unit(pose)
    if name == "yaw":
        return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    up_x, up_y, up_z = 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)
    match name:
        case "up_x":
            return up_x
        case "up_y":
            return up_y
        case "up_z":
            return up_z
        case "roll":
            return math.atan2(up_y, up_z)
        case "pitch":
            return math.asin(min(1.0, max(-1.0, -up_x)))
        case _:
            return math.atan2(-up_x, up_z)


def motion(name: str, before: Pose, now: Pose, elapsed_s: float) -> float:
    """One of `MOTION` between two poses, [m/s].

    Raises:
        MissingError: no position, or for a speed along the heading no orientation.
    """
    if before.position is None or now.position is None:
        raise MissingError("position")
    x = (now.position[0] - before.position[0]) / elapsed_s
    y = (now.position[1] - before.position[1]) / elapsed_s
    if name == "speed_x":
        return x
    if name == "speed_y":
        return y
    yaw = attitude("yaw", before)
    cos, sin = math.cos(yaw), math.sin(yaw)
    return cos * x + sin * y if name == "forward_speed" else cos * y - sin * x


def to_world(pose: Pose, vector: tuple[float, float, float]) -> tuple[float, float, float]:
    """A vector along the body's axes, along those of the world.

    Raises:
        MissingError: no orientation, or one that is not a rotation.
    """
    w, x, y, z = _unit(pose)
    a, b, c = vector
    # v + 2 r x (r x v + w v), with r the quaternion's vector part.
    p, q, r = y * c - z * b + w * a, z * a - x * c + w * b, x * b - y * a + w * c
    return (
        a + 2 * (y * r - z * q),
        b + 2 * (z * p - x * r),
        c + 2 * (x * q - y * p),
    )  # fmt: skip


def to_body(pose: Pose, vector: tuple[float, float, float]) -> tuple[float, float, float]:
    """A vector along the axes of the world, along the body's.

    Raises:
        MissingError: no orientation, or one that is not a rotation.
    """
    w, x, y, z = _unit(pose)
    return to_world(Pose((w, -x, -y, -z)), vector)


def _unit(pose: Pose) -> tuple[float, float, float, float]:
    if pose.orientation is None:
        raise MissingError("orientation")
    length = math.hypot(*pose.orientation)
    if not abs(length - 1) <= _UNIT:
        raise MissingError("orientation")  # all zeros before an IMU is ready; NaN, too, ends here
    w, x, y, z = (part / length for part in pose.orientation)
    return w, x, y, z
