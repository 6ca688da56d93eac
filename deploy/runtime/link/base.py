"""What every link to a robot offers, and what goes over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

__all__ = ["Channel", "Channels", "Command", "DropsPackets", "Observation", "RobotLink"]


@dataclass(frozen=True)
class Channel:
    """One number of an observation or a command, as the robot declares it.

    Attributes:
        name: unique among the channels beside it.
        unit: SI unit ("m", "rad", "m/s", "rad/s"), or "1" if it has none.
        low: least value, in that unit.
        high: greatest value, in that unit.
        sign: 1, or -1 where the robot counts the other way round than the name says.
    """

    name: str
    unit: str
    low: float
    high: float
    sign: int = 1


@dataclass(frozen=True)
class Channels:
    """What a robot declares of itself.

    Attributes:
        robot: its name.
        dt: its control period [s].
        observation: the S observation channels, in the order in which the robot sends them.
        action: the A command channels, in the order in which it expects them.
        safe_action: what the robot does when commands stop coming, [A].
        simulated: whether it may be reset and perturbed, which no real robot can.
    """

    robot: str
    dt: float
    observation: tuple[Channel, ...]
    action: tuple[Channel, ...]
    safe_action: tuple[float, ...]
    simulated: bool = False


@dataclass(frozen=True, eq=False)
class Observation:
    """What the robot measured at the end of one control period.

    Attributes:
        sequence: counts the robot's control periods, from 0; it falls back only after a reset.
        stamp_ns: the robot's monotonic clock when it measured.
        received_ns: our monotonic clock when it arrived.
        values: [S] float32, in the order of `Channels.observation`.
        applied: [A] float32, the command that was in force over the period that has just ended,
            within the robot's limits; no measured torque: a commander knows its command by it.
        applied_sequence: sequence of the command behind `applied`; -1: the robot's own safe action.
        reset: the robot starts anew: nothing before this observation belongs to the same motion.
        fallen: the robot says that it has fallen.
        reward: reward of the period as the robot's own simulator counts it; NaN on a real robot.
    """

    sequence: int
    stamp_ns: int
    received_ns: int
    values: np.ndarray
    applied: np.ndarray
    applied_sequence: int
    reset: bool = False
    fallen: bool = False
    reward: float = float("nan")


@dataclass(frozen=True, eq=False)
class Command:
    """What the robot shall do.

    Attributes:
        sequence: counts the commands of one connection, from 0, never falling.
        for_sequence: the observation this answers.
        stamp_ns: our monotonic clock when it was decided.
        valid_for_ns: how long after its arrival the robot may go on applying it; then its own
            watchdog takes its safe action.
        values: [A] float32, in the order of `Channels.action`.
        armed: False: for the log alone, the robot must not move by it.
    """

    sequence: int
    for_sequence: int
    stamp_ns: int
    valid_for_ns: int
    values: np.ndarray
    armed: bool = True


class RobotLink(Protocol):
    """A connection to a robot; not to be shared between threads."""

    @property
    def channels(self) -> Channels:
        """What the robot declared when the link was opened."""
        ...

    def read(self, timeout_s: float) -> Observation | None:
        """The newest observation not yet read, or None after `timeout_s` (0: do not wait).

        Raises:
            DeployError: the link is broken beyond waiting.
        """
        ...

    def write(self, command: Command) -> None:
        """Send a command; never blocks."""
        ...

    def close(self) -> None:
        """Tell the robot that nobody commands it any more, and let go."""
        ...


@runtime_checkable
class DropsPackets(Protocol):
    """A link that checks what arrives, and drops what it does not believe.

    Attributes:
        counters: packets that were dropped, by reason.
    """

    counters: Mapping[str, int]
