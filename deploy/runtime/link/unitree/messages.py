"""Unitree's messages as numbers. No SDK needed: any object with their fields will do.

Quaternions are (w, x, y, z). `tick` counts milliseconds.
"""

from __future__ import annotations

from typing import Any

from deploy.runtime.link.hardware.paths import number_at
from deploy.runtime.link.hardware.pose import MissingError, Pose, to_body
from deploy.runtime.link.hardware.wiring import Sensor
from deploy.runtime.link.unitree.config import BODY_VELOCITY
from deploy.runtime.link.unitree.layout import LOW_STATE
from deploy.runtime.link.unitree.lowlevel import slot_of

__all__ = ["checksum_fault", "measure", "pose_of", "stamp_ns"]


def stamp_ns(message: Any) -> int:
    """When a LowState_ was made, by the robot's clock [ns]."""
    return int(message.tick) * 1_000_000


def checksum_fault(message: Any) -> str:
    """Why a LowState_ must not be believed; "" if it may."""
    try:
        right = LOW_STATE.checksum(message) == message.crc
    except (TypeError, ValueError, OverflowError):
        return "cut"
    return "" if right else "checksum"


def measure(sensor: Sensor, message: Any, state: Any) -> float:
    """The number that a sensor is made of.

    Args:
        sensor: says which.
        message: of its topic.
        state: the LowState_ beside it.

    Raises:
        MissingError: the message does not have it.
    """
    if sensor.field in BODY_VELOCITY:
        x, y, z = (float(part) for part in message.velocity)
        return to_body(pose_of("sportmodestate", message, state), (x, y, z))[
            BODY_VELOCITY.index(sensor.field)
        ]
    slot = slot_of(sensor.joint)
    if slot is None:
        return number_at(message, sensor.field)
    try:
        return float(getattr(message.motor_state[slot], sensor.field))
    except (AttributeError, IndexError):
        raise MissingError(f"joint {sensor.joint}") from None


def pose_of(topic: str, message: Any, state: Any) -> Pose:
    """Orientation of a LowState_, and with it the position of a SportModeState_.

    The orientation is always that of the LowState_: it is the same IMU's, and newer, and whoever
    else publishes a SportModeState_ (unitree_mujoco) leaves it empty there.
    """
    w, x, y, z = (float(part) for part in state.imu_state.quaternion)
    if topic == "lowstate":
        return Pose((w, x, y, z))
    px, py, pz = (float(part) for part in message.position)
    return Pose((w, x, y, z), (px, py, pz))
