"""Robots behind ROS 2: standard messages in, standard commands out (docs/ros2.md)."""

from __future__ import annotations

from deploy.runtime.link.hardware.connect import connect
from deploy.runtime.link.hardware.link import HardwareLink
from deploy.runtime.link.ros2.config import parse_ros2
from deploy.runtime.link.ros2.inputs import Ros2Inputs

__all__ = ["open_link"]

_SINK = "deploy.runtime.link.ros2.sink:open_sink"


def open_link(text: str, greeting_s: float = 3.0, *, watch: bool = False) -> HardwareLink:
    """A link to a robot behind ROS 2.

    Args:
        text: `ros2://NAMESPACE?config=FILE` with, if they are named otherwise, the topics
            `joint_states`, `imu`, `odom`, `command`; `commands=off` only watches.
        greeting_s: longest wait for the first observation.
        watch: as `commands=off`.

    Raises:
        DeployError: the text or the wiring, ROS 2 is missing, or no observation comes.
    """
    address = parse_ros2(text)
    sink = _SINK if address.commands and not watch else None
    return connect(address.wiring, Ros2Inputs(address), sink, text, greeting_s)
