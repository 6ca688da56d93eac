"""Listens to a robot's topics."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from deploy.runtime.link.hardware.link import Arrival
from deploy.runtime.link.hardware.pose import Pose
from deploy.runtime.link.hardware.wiring import Sensor
from deploy.runtime.link.ros2 import messages
from deploy.runtime.link.ros2.config import Ros2Address
from deploy.runtime.link.ros2.library import Ros2Node, message_type

__all__ = ["Ros2Inputs"]

_TYPES = {
    "joint_states": ("sensor_msgs", "JointState"),
    "imu": ("sensor_msgs", "Imu"),
    "odom": ("nav_msgs", "Odometry"),
}
_MOST = 64
"""Messages taken at one go: whoever floods a topic must not keep the loop."""


class Ros2Inputs:
    """Subscriptions, best effort and only the newest: a reading that is late is of no use.

    Args:
        address: of the robot.

    Raises:
        DeployError: ROS 2 is not there.
    """

    leading = "joint_states"

    def __init__(self, address: Ros2Address) -> None:
        types = {name: message_type(*_TYPES[name]) for name in _TYPES if name in address.topics}
        self._arrived: list[Arrival] = []
        self._closed = False
        self._node = Ros2Node("adaptive_control", address.namespace)
        for name, kind in types.items():
            self._node.node.create_subscription(
                kind, address.topics[name], self._callback(name),
                self._node.newest_only("best-effort"),
            )  # fmt: skip

    def _callback(self, name: str) -> Callable[[Any], None]:
        def take(message: Any) -> None:
            self._arrived.append(Arrival(name, message, time.monotonic_ns()))

        return take

    def receive(self, timeout_s: float) -> list[Arrival]:
        self._node.spin_once(timeout_s)
        count = 0
        while count < len(self._arrived) < _MOST:
            count = len(self._arrived)
            self._node.spin_once(0.0)
        arrived, self._arrived = self._arrived, []
        return arrived

    def stamp_ns(self, message: Any) -> int:
        return messages.stamp_ns(message)

    def fault(self, topic: str, message: Any) -> str:
        return ""  # DDS checks what it carries

    def measure(self, sensor: Sensor, message: Any, leading: Any) -> float:
        return messages.measure(sensor, message)

    def pose(self, topic: str, message: Any, leading: Any) -> Pose:
        return messages.pose_of(topic, message)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._node.close()
