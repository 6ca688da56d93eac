"""The text and the wiring file of a robot behind ROS 2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import DeployError
from deploy.runtime.link.hardware.pose import ATTITUDE, MOTION
from deploy.runtime.link.hardware.text import parse_hardware
from deploy.runtime.link.hardware.wiring import Wiring, build, load_toml, wiring_of

__all__ = ["JOINT_FIELDS", "TOPICS", "WORLD_VELOCITY", "Ros2Address", "Ros2Command", "parse_ros2"]

TOPICS = ("joint_states", "imu", "odom")
"""Short names of what is listened to: a JointState, an Imu and an Odometry."""
JOINT_FIELDS = ("position", "velocity", "effort")
WORLD_VELOCITY = ("world_velocity_x", "world_velocity_y", "world_velocity_z")
"""Of an Odometry, whose twist is along the body's axes, turned into the frame of its pose [m/s]."""

_NAME = re.compile(r"/?[A-Za-z_~][A-Za-z0-9_/~]*")
_INTERFACES = {"position": "positions", "velocity": "velocities", "effort": "effort"}


@dataclass(frozen=True)
class Ros2Command:
    """How commands are sent, the table `[command]`.

    Attributes:
        joints: all joints, in the order in which the controller's parameter `joints` has them.
        type: "array": std_msgs/Float64MultiArray; "trajectory": trajectory_msgs/JointTrajectory.
        interface: what is commanded: "position", "velocity" or "effort".
        reliability: "reliable", which every subscriber accepts, or "best-effort".
    """

    joints: tuple[str, ...]
    type: str = "array"
    interface: str = "position"
    reliability: str = "reliable"

    @property
    def field(self) -> str:
        """The list of a trajectory point that holds the commands."""
        return _INTERFACES[self.interface]


@dataclass(frozen=True)
class Ros2Address:
    """A robot behind ROS 2.

    Attributes:
        namespace: of its topics, "/" if it has none.
        topics: name of each topic of `TOPICS` that is listened to, and of "command".
        wiring: which number is which channel.
        command: how commands are sent.
        commands: whether any are.
    """

    namespace: str
    topics: Mapping[str, str]
    wiring: Wiring
    command: Ros2Command
    commands: bool


def parse_ros2(text: str) -> Ros2Address:
    """What the text and the file that it names say.

    Raises:
        DeployError: the part that is wrong, and what is allowed.
    """
    named = parse_hardware(text, (*TOPICS, "command", "commands"))
    on = named.one_of("commands", "on", "off") == "on"
    if named.where and not _NAME.fullmatch(named.where):
        raise DeployError(
            f"link: namespace {named.where!r} in {text!r}; allowed: letters, digits, _ and /"
        )
    table = load_toml(named.config)
    command = build(Ros2Command, table.pop("command", None), f"{named.config}: command")
    wiring = wiring_of(table, named.config, TOPICS)
    _check_command(command, wiring, named.config)
    _check_fields(wiring, named.config)
    used = {sensor.topic for sensor in wiring.observation} | {"joint_states"}
    topics = {name: named.options.get(name, name) for name in TOPICS if name in used}
    topics["command"] = named.options.get("command", "commands")
    for name, topic in topics.items():
        if not _NAME.fullmatch(topic):
            raise DeployError(f"link: {name}={topic} in {text!r}; allowed: the name of a topic")
    return Ros2Address("/" + named.where.strip("/"), topics, wiring, command, on)


def _check_command(command: Ros2Command, wiring: Wiring, path: Path) -> None:
    for key, allowed in (
        ("type", ("array", "trajectory")),
        ("interface", tuple(_INTERFACES)),
        ("reliability", ("reliable", "best-effort")),
    ):
        if getattr(command, key) not in allowed:
            given = getattr(command, key)
            raise DeployError(
                f"config: {path}: command: {key} is {given!r}; allowed: {', '.join(allowed)}"
            )
    ours = [actuator.joint for actuator in wiring.action]
    if sorted(command.joints) != sorted(ours):
        raise DeployError(
            f"config: {path}: command: joints are {', '.join(command.joints)}; "
            f"allowed: those of the actions, each once: {', '.join(ours)}"
        )


def _check_fields(wiring: Wiring, path: Path) -> None:
    for sensor in wiring.observation:
        where = f"config: {path}: observation {sensor.name!r}"
        if sensor.topic == "joint_states":
            if not sensor.joint or sensor.field not in JOINT_FIELDS:
                raise DeployError(
                    f"{where}: joint {sensor.joint!r}, field {sensor.field!r}; allowed: "
                    f"the name of a joint, and {', '.join(JOINT_FIELDS)}"
                )
        elif sensor.joint:
            raise DeployError(f"{where}: joint {sensor.joint!r}; allowed: on joint_states only")
        elif sensor.topic == "imu" and sensor.field in (*MOTION, *WORLD_VELOCITY):
            raise DeployError(
                f"{where}: field {sensor.field!r} on imu, which knows no place or speed; allowed: "
                f"on odom, or here {', '.join(ATTITUDE)} or a path"
            )
