"""Speaks to a ros2_control controller; runs in the keeper's process."""

from __future__ import annotations

from typing import Any

import numpy as np

from deploy.runtime.link.hardware.keeper import Order
from deploy.runtime.link.ros2.config import Ros2Address, parse_ros2
from deploy.runtime.link.ros2.library import Ros2Node, message_type
from deploy.runtime.link.ros2.messages import controller_order, duration

__all__ = ["Ros2Sink", "open_sink"]

_VALID_PERIODS = 3
"""Control periods that a trajectory lasts: as long as the loop lets its commands hold."""


class Ros2Sink:
    """Publishes commands once and the safe action again and again.

    A controller keeps what it heard last, so a command that still holds is said again only where a
    gait goes on below it; a trajectory that is repeated would begin anew.

    Args:
        address: of the robot.

    Raises:
        DeployError: ROS 2 is not there.
    """

    parting_s = 0.3

    def __init__(self, address: Ros2Address) -> None:
        self._wiring, self._command = address.wiring, address.command
        self.period_s = address.wiring.dt
        self._dt_ns = round(self.period_s * 1e9)
        self._safe = np.array(address.wiring.channels.safe_action)
        self._order = Order(self._safe, 0)
        self._period = 0
        if self._command.type == "array":
            self._type = message_type("std_msgs", "Float64MultiArray")
        else:
            self._type = message_type("trajectory_msgs", "JointTrajectory")
            self._point = message_type("trajectory_msgs", "JointTrajectoryPoint")
        self._node = Ros2Node("adaptive_control_keeper", address.namespace)
        self._publisher = self._node.node.create_publisher(
            self._type, address.topics["command"],
            self._node.newest_only(self._command.reliability),
        )  # fmt: skip

    def apply(self, order: Order, now_ns: int) -> None:
        self._order = order
        self._say(now_ns)

    def again(self, now_ns: int) -> None:
        if self._wiring.gait and self._order.period_at(now_ns, self._dt_ns) != self._period:
            self._say(now_ns)

    def _say(self, now_ns: int) -> None:
        self._period = self._order.period_at(now_ns, self._dt_ns)
        self._publisher.publish(self.message(self._order.values, self._period))

    def safe(self, now_ns: int) -> None:
        self._publisher.publish(self.message(self._safe, self._period))  # a gait stands still

    def message(self, values: np.ndarray, period: int = 0) -> Any:
        """The message of an action `[A]` in a control period."""
        numbers = controller_order(self._wiring, self._command.joints, values, period)
        message = self._type()
        if self._command.type == "array":
            message.data = numbers
            return message
        # The header's stamp stays zero: begin at once. There after a control period, and held until
        # the command expires, from where the controller's own `cmd_timeout` counts.
        message.joint_names = list(self._command.joints)
        dt = self._wiring.dt
        message.points = [self._reached(numbers, dt), self._reached(numbers, _VALID_PERIODS * dt)]
        return message

    def _reached(self, numbers: list[float], after_s: float) -> Any:
        point = self._point()
        setattr(point, self._command.field, list(numbers))
        point.time_from_start.sec, point.time_from_start.nanosec = duration(after_s)
        return point

    def close(self) -> None:
        self._node.close()


def open_sink(text: str) -> Ros2Sink:
    """The sink of the robot that `text` names."""
    return Ros2Sink(parse_ros2(text))
