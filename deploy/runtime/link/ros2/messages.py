"""Standard ROS 2 messages as numbers, and commands as messages. No ROS needed: any object will do.

Messages are taken by the names of their fields, as the definitions in `common_interfaces` have
them. Quaternions are (x, y, z, w) there; a pose here has w first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deploy.runtime.link.hardware.paths import number_at
from deploy.runtime.link.hardware.pose import MissingError, Pose, to_world
from deploy.runtime.link.hardware.wiring import Sensor, Wiring
from deploy.runtime.link.ros2.config import JOINT_FIELDS, WORLD_VELOCITY

__all__ = ["controller_order", "duration", "joint_number", "measure", "pose_of", "stamp_ns"]


def stamp_ns(message: Any) -> int:
    """The time in a message's header [ns]; 0 if its sender did not fill it in."""
    stamp = message.header.stamp
    return stamp.sec * 10**9 + stamp.nanosec


def measure(sensor: Sensor, message: Any) -> float:
    """The number that a sensor is made of.

    Raises:
        MissingError: the message does not have it.
    """
    if sensor.joint:
        return joint_number(message, sensor.joint, sensor.field)
    if sensor.field in WORLD_VELOCITY:
        linear = message.twist.twist.linear
        velocity = to_world(pose_of("odom", message), (linear.x, linear.y, linear.z))
        return velocity[WORLD_VELOCITY.index(sensor.field)]
    return number_at(message, sensor.field)


def joint_number(message: Any, joint: str, field: str) -> float:
    """A joint's number in a JointState, found by the joint's name in this very message.

    Args:
        message: sensor_msgs/JointState; its joints may come in any order.
        joint: name.
        field: "position", "velocity" or "effort".

    Raises:
        MissingError: no such joint, twice such a joint, or a list that is empty or too short.
    """
    assert field in JOINT_FIELDS
    names = message.name
    if names.count(joint) != 1:
        raise MissingError(f"joint {joint}" + (" (twice there)" if joint in names else ""))
    numbers = getattr(message, field)
    if len(numbers) != len(names):
        raise MissingError(f"{field} of the joints")
    return float(numbers[names.index(joint)])


def pose_of(topic: str, message: Any) -> Pose:
    """Orientation of an Imu, orientation and position of an Odometry.

    Raises:
        MissingError: an Imu that says that it estimates no orientation (its covariance is -1).
    """
    if topic == "imu":
        if message.orientation_covariance[0] == -1:
            raise MissingError("orientation")
        return Pose(_wxyz(message.orientation))
    pose = message.pose.pose
    place = pose.position
    return Pose(_wxyz(pose.orientation), (float(place.x), float(place.y), float(place.z)))


def _wxyz(quaternion: Any) -> tuple[float, float, float, float]:
    return (
        float(quaternion.w), float(quaternion.x), float(quaternion.y), float(quaternion.z)
    )  # fmt: skip


def controller_order(
    wiring: Wiring, joints: Sequence[str], values: np.ndarray, period: int = 0
) -> list[float]:
    """What each joint gets for an action `[A]`, in the controller's order of joints."""
    targets = wiring.targets(values, period).tolist()
    by_joint = dict(zip((a.joint for a in wiring.action), targets, strict=True))
    return [by_joint[joint] for joint in joints]


def duration(seconds: float) -> tuple[int, int]:
    """Seconds and nanoseconds of a builtin_interfaces/Duration."""
    whole, rest = divmod(round(seconds * 1e9), 10**9)
    return whole, rest
