"""The text and the wiring file of a Unitree robot."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import DeployError
from deploy.runtime.link.hardware.pose import MOTION
from deploy.runtime.link.hardware.text import parse_hardware
from deploy.runtime.link.hardware.wiring import Wiring, build, load_toml, wiring_of
from deploy.runtime.link.unitree.drives import Gains
from deploy.runtime.link.unitree.lowlevel import JOINTS, slot_of

__all__ = ["BODY_VELOCITY", "JOINT_FIELDS", "TOPICS", "UnitreeAddress", "parse_unitree"]

TOPICS = ("lowstate", "sportmodestate")
"""What is listened to: LowState_ on rt/lowstate, SportModeState_ on rt/sportmodestate."""
JOINT_FIELDS = ("q", "dq", "tau_est")
BODY_VELOCITY = ("body_velocity_x", "body_velocity_y", "body_velocity_z")
"""Of a SportModeState_, whose `velocity` is taken to be along the axes of the world, along those of
the trunk [m/s]."""

_INTERFACE = re.compile(r"[A-Za-z0-9._-]*")


@dataclass(frozen=True)
class UnitreeAddress:
    """A robot of Unitree's.

    Attributes:
        interface: of this machine, to the robot; "" for whichever the SDK finds.
        domain: of DDS: 0 on a real robot.
        wiring: which number is which channel.
        gains: how stiffly joints follow.
        commands: whether any are sent.
        check_checksum: whether a LowState_ with a wrong checksum is dropped.
        check_service: whether the robot's own motion service must be off.
    """

    interface: str
    domain: int
    wiring: Wiring
    gains: Gains
    commands: bool
    check_checksum: bool
    check_service: bool


def parse_unitree(text: str) -> UnitreeAddress:
    """What the text and the file that it names say.

    Raises:
        DeployError: the part that is wrong, and what is allowed.
    """
    named = parse_hardware(text, ("domain", "commands", "checksum", "service"))
    if not _INTERFACE.fullmatch(named.where):
        raise DeployError(
            f"link: interface {named.where!r} in {text!r}; allowed: a name such as eth0"
        )
    domain = named.options.get("domain", "0")
    if not (domain.isdecimal() and int(domain) <= 232):
        raise DeployError(f"link: domain={domain} in {text!r}; allowed: 0 to 232")
    table = load_toml(named.config)
    gains = build(Gains, table.pop("gains", None), f"{named.config}: gains")
    wiring = wiring_of(table, named.config, TOPICS)
    _check_gains(gains, named.config)
    _check_joints(wiring, named.config)
    return UnitreeAddress(
        interface=named.where,
        domain=int(domain),
        wiring=wiring,
        gains=gains,
        commands=named.one_of("commands", "on", "off") == "on",
        check_checksum=named.one_of("checksum", "on", "off") == "on",
        check_service=named.one_of("service", "refuse", "ignore") == "refuse",
    )


def _check_gains(gains: Gains, path: Path) -> None:
    for name in ("kp", "kd", "damping", "engage"):
        if not 0 <= getattr(gains, name) < math.inf:
            value = getattr(gains, name)
            raise DeployError(f"config: {path}: gains: {name} is {value:g}; allowed: from 0")
    if gains.damping == 0:
        raise DeployError(f"config: {path}: gains: damping is 0; allowed: above 0 (a slack robot)")
    if gains.rest < 0:
        raise DeployError(f"config: {path}: gains: rest is {gains.rest:g}; allowed: from 0, inf")


def _check_joints(wiring: Wiring, path: Path) -> None:
    slots: dict[int, str] = {}
    for actuator in wiring.action:
        where = f"config: {path}: action {actuator.name!r}"
        slot = slot_of(actuator.joint)
        if slot is None:
            raise DeployError(
                f"{where}: joint {actuator.joint!r}; allowed: {', '.join(JOINTS)} (or FR_hip, FR_0)"
            )
        if slot in slots:
            raise DeployError(
                f"{where}: joint {actuator.joint!r} is that of {slots[slot]!r}; allowed: another"
            )
        slots[slot] = actuator.name
        if not (math.isfinite(actuator.joint_low) and math.isfinite(actuator.joint_high)):
            raise DeployError(
                f"{where}: joint_low, joint_high are not given; allowed: the joint's range [rad]"
            )
    for sensor in wiring.observation:
        where = f"config: {path}: observation {sensor.name!r}"
        if sensor.joint and (
            sensor.topic != "lowstate"
            or slot_of(sensor.joint) is None
            or sensor.field not in JOINT_FIELDS
        ):
            raise DeployError(
                f"{where}: joint {sensor.joint!r}, field {sensor.field!r} of {sensor.topic}; "
                f"allowed: a leg's joint, {', '.join(JOINT_FIELDS)} of lowstate"
            )
        if sensor.topic == "lowstate" and sensor.field in (*MOTION, *BODY_VELOCITY):
            raise DeployError(
                f"{where}: field {sensor.field!r} on lowstate, which knows no place or speed; "
                f"allowed: on sportmodestate"
            )
