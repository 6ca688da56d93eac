"""Links between the runtime and a robot."""

from __future__ import annotations

import importlib

from deploy.errors import DeployError
from deploy.runtime.link.address import SimulatedRobot, parse_link
from deploy.runtime.link.base import Channel, Channels, Command, Observation, RobotLink
from deploy.runtime.link.datagram import DatagramLink
from deploy.runtime.link.schemes import open_optional

__all__ = ["Channel", "Channels", "Command", "Observation", "RobotLink", "open_link"]

_SIMULATOR = "deploy.robot.inprocess"
"""By name: a robot has no simulator on board, and this package must load without one."""


def open_link(text: str, *, watch: bool = False) -> RobotLink:
    """A link to the robot that `text` names.

    Args:
        text: `sim:ROBOT[?perturb=TEXT&seed=N]`, a simulation in this
            process; `udp://HOST:PORT[?key-file=PATH]`; `unix:///PATH[?key-file=PATH]`;
            `ros2://NAMESPACE?config=FILE`; `unitree://INTERFACE?config=FILE`.
        watch: command nothing, beside somebody who may.

    Raises:
        DeployError: the text, or the robot does not answer.
    """
    optional = open_optional(text, watch=watch)
    if optional is not None:
        return optional
    named = parse_link(text)
    if not isinstance(named, SimulatedRobot):
        return DatagramLink(named, watch=watch)
    try:
        simulator = importlib.import_module(_SIMULATOR)
    except ImportError as error:
        raise DeployError(
            f"link: {text!r} needs the simulator ({error.name} is missing); install "
            f"adaptive-control[sim], or name a robot by udp:// or unix://"
        ) from error
    return simulator.SimulatedLink(named)
