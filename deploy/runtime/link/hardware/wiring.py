"""The wiring file: which number of which message is which channel, and back.

    observation channel = sign * scale * measured + offset
    sent to the joint   = clip(sign * scale * action + offset + gait, joint_low, joint_high)

so that a channel counts as its name says, whatever the robot's own conventions are. The file is
TOML; everything in it is checked before the robot is spoken to.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from deploy.errors import DeployError
from deploy.runtime.link.base import Channel, Channels

__all__ = ["GAIT", "Actuator", "Sensor", "Wiring", "build", "load_toml", "wiring_of"]

T = TypeVar("T")

GAIT = "gait"
"""Topic of the gait's own phase, if the wiring has a gait; fields: sin, cos."""


@dataclass(frozen=True)
class Sensor:
    """One observation channel.

    Attributes:
        name: of the channel, as the bundle has it.
        unit: of the channel.
        topic: where it comes from, a short name that the link knows.
        field: what of the message: a path (`angular_velocity.x`) or a derived value (`up_z`).
        joint: whose; "" where the message is not about joints.
        sign: 1 or -1.
        scale: channel's unit per measured unit.
        offset: of the channel, in its unit.
        low: least value of the channel.
        high: greatest value of the channel.
    """

    name: str
    unit: str
    topic: str
    field: str
    joint: str = ""
    sign: int = 1
    scale: float = 1.0
    offset: float = 0.0
    low: float = -math.inf
    high: float = math.inf

    def value(self, measured: float) -> float:
        """The channel's value of what was measured."""
        return self.sign * self.scale * measured + self.offset


@dataclass(frozen=True)
class Actuator:
    """One action channel.

    Attributes:
        name: of the channel, as the bundle has it.
        unit: of the channel.
        joint: that it moves.
        low: least value of the channel.
        high: greatest value of the channel.
        sign: 1 or -1.
        scale: joint's unit per channel's unit.
        offset: what the joint gets where the channel is 0.
        joint_low: least that is ever sent to the joint.
        joint_high: greatest that is ever sent to the joint.
        safe: the channel's part of the safe action.
    """

    name: str
    unit: str
    joint: str
    low: float
    high: float
    sign: int = 1
    scale: float = 1.0
    offset: float = 0.0
    joint_low: float = -math.inf
    joint_high: float = math.inf
    safe: float = 0.0

    def target(self, value: float, gait: float = 0.0) -> float:
        """What the joint gets for a value of the channel, within both limits."""
        limited = min(max(value, self.low), self.high)
        wanted = self.sign * self.scale * limited + self.offset + gait
        return min(max(wanted, self.joint_low), self.joint_high)


@dataclass(frozen=True)
class Wiring:
    """How a robot's messages make the channels of a bundle.

    Attributes:
        robot: name of the robot that the bundle was made for.
        dt: control period [s].
        observation: the S observation channels.
        action: the A action channels.
        max_age: oldest a message beside the leading one may be [s]; 0: a control period.
        stamp: "message": time as the robot's messages tell it; "arrival": as they come in.
        gait: what is added to the joints in each control period of a cycle, [n][A], in the order of
            `action`; empty: nothing.
    """

    robot: str
    dt: float
    observation: tuple[Sensor, ...]
    action: tuple[Actuator, ...]
    max_age: float = 0.0
    stamp: str = "message"
    gait: tuple[tuple[float, ...], ...] = ()

    @property
    def channels(self) -> Channels:
        """What the link declares. Signs are applied here, so that no one else need know them."""
        return Channels(
            robot=self.robot,
            dt=self.dt,
            observation=tuple(Channel(s.name, s.unit, s.low, s.high) for s in self.observation),
            action=tuple(Channel(a.name, a.unit, a.low, a.high) for a in self.action),
            safe_action=tuple(a.safe for a in self.action),
        )

    def targets(self, values: np.ndarray, period: int = 0) -> np.ndarray:
        """What the joints get for an action `[A]` in a control period.

        Returns:
            `[A]` float64, in the order of `action`.
        """
        gait = self.gait[period % len(self.gait)] if self.gait else (0.0,) * len(self.action)
        rows = zip(self.action, values.tolist(), gait, strict=True)
        return np.array([actuator.target(value, added) for actuator, value, added in rows])


def load_toml(path: Path) -> dict[str, Any]:
    """The tables of a wiring file.

    Raises:
        DeployError: it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeployError(f"config: {path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeployError(f"config: {path}: {error}") from error


def wiring_of(table: dict[str, Any], path: Path, topics: Iterable[str]) -> Wiring:
    """The wiring that the tables of a file describe.

    Args:
        table: of the file, without what belongs to one kind of link alone.
        path: of the file, for errors.
        topics: that a sensor may name.

    Raises:
        DeployError: the entry that is wrong, and what is allowed.
    """
    lists = {}
    for name, kind in (("observation", Sensor), ("action", Actuator)):
        entries = table.get(name)
        if not isinstance(entries, list) or not entries:
            raise DeployError(f"config: {path} has no [[{name}]]; allowed: one for each channel")
        lists[name] = tuple(
            build(kind, entry, f"{path}: {name} {number}") for number, entry in enumerate(entries)
        )
    wiring = build(Wiring, {**table, **lists}, str(path))
    _check(wiring, path, tuple(topics))
    return wiring


def build(kind: type[T], table: Any, where: str) -> T:
    """A dataclass from a table of the file, with nothing unknown, missing or of another type.

    Raises:
        DeployError: the key that is wrong, and what is allowed.
    """
    if not isinstance(table, dict):
        raise DeployError(f"config: {where}: {table!r}; allowed: a table")
    known = {item.name: item for item in fields(kind)}  # pyright: ignore[reportArgumentType]
    for key in table:
        if key not in known:
            raise DeployError(f"config: {where}: key {key!r}; allowed: {', '.join(known)}")
    values = {}
    for name, item in known.items():
        if name in table:
            values[name] = _typed(table[name], str(item.type), f"{where}: {name}")
        elif item.default is MISSING:
            raise DeployError(f"config: {where}: {name} is missing")
    return kind(**values)


def _typed(value: Any, kind: str, where: str) -> Any:
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        if math.isnan(value):
            raise DeployError(f"config: {where} is nan; allowed: numbers")
        return float(value)
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "str" and isinstance(value, str):
        return value
    if kind.startswith("tuple"):
        if isinstance(value, tuple):
            return value
        inner = "str" if kind.startswith("tuple[str") else "float"
        if isinstance(value, list) and kind.startswith("tuple[tuple"):
            return tuple(_typed(row, "tuple[float", f"{where}: {i}") for i, row in enumerate(value))
        if isinstance(value, list):
            return tuple(_typed(item, inner, f"{where}: {i}") for i, item in enumerate(value))
    allowed = {"float": "a number", "int": "an integer", "str": "a text"}
    raise DeployError(f"config: {where}: {value!r}; allowed: {allowed.get(kind, 'a list')}")


def _check(wiring: Wiring, path: Path, topics: tuple[str, ...]) -> None:
    def refuse(what: str, allowed: str) -> None:
        raise DeployError(f"config: {path}: {what}; allowed: {allowed}")

    if not 0 < wiring.dt < math.inf:
        refuse(f"dt is {wiring.dt:g}", "above 0 s")
    if not 0 <= wiring.max_age < math.inf:
        refuse(f"max_age is {wiring.max_age:g}", "from 0 s")
    if wiring.stamp not in ("message", "arrival"):
        refuse(f"stamp is {wiring.stamp!r}", "message, arrival")
    for kind, entries in (("observation", wiring.observation), ("action", wiring.action)):
        names = [entry.name for entry in entries]
        for name in names:
            if names.count(name) > 1:
                refuse(f"{kind} {name!r} is there twice", "once")
        for entry in entries:
            if entry.sign not in (-1, 1):
                refuse(f"{kind} {entry.name!r}: sign is {entry.sign}", "1 or -1")
            if not 0 < entry.scale < math.inf:
                refuse(f"{kind} {entry.name!r}: scale is {entry.scale:g}", "above 0 (see sign)")
            if not math.isfinite(entry.offset):
                refuse(f"{kind} {entry.name!r}: offset is {entry.offset:g}", "finite numbers")
            if not entry.low < entry.high:
                refuse(f"{kind} {entry.name!r}: {entry.low:g} to {entry.high:g}", "low below high")
    for sensor in wiring.observation:
        if sensor.topic == GAIT and wiring.gait:
            if sensor.field not in ("sin", "cos") or sensor.joint:
                refuse(
                    f"observation {sensor.name!r}: field {sensor.field!r} of the gait", "sin, cos"
                )
        elif sensor.topic not in topics:
            refuse(f"observation {sensor.name!r}: topic {sensor.topic!r}", ", ".join(topics))
    for number, row in enumerate(wiring.gait):
        if len(row) != len(wiring.action) or not all(map(math.isfinite, row)):
            refuse(f"gait: row {number} is {list(row)}", f"{len(wiring.action)} finite numbers")
    joints = [actuator.joint for actuator in wiring.action]
    for actuator in wiring.action:
        name = f"action {actuator.name!r}"
        if joints.count(actuator.joint) > 1:
            refuse(f"{name}: joint {actuator.joint!r} has two channels", "one")
        if not (math.isfinite(actuator.low) and math.isfinite(actuator.high)):
            refuse(f"{name}: {actuator.low:g} to {actuator.high:g}", "finite limits")
        if not actuator.low <= actuator.safe <= actuator.high:
            refuse(f"{name}: safe is {actuator.safe:g}", f"{actuator.low:g} to {actuator.high:g}")
        if not actuator.joint_low < actuator.joint_high:
            limits = f"{actuator.joint_low:g} to {actuator.joint_high:g}"
            refuse(f"{name}: joint {limits}", "joint_low below joint_high")
