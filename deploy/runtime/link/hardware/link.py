"""A link to a real robot: messages in, observations out; commands to the keeper.

    message of the leading topic -> ends a control period? -> believed? -> every channel there?
                                 -> observation

Nothing is sent before the first armed command, and what must not be sent is dropped and counted.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from deploy.errors import DeployError
from deploy.runtime.link.base import Command, Observation
from deploy.runtime.link.hardware.acting import Acting
from deploy.runtime.link.hardware.keeper import Order
from deploy.runtime.link.hardware.periods import PeriodGrid, Tick
from deploy.runtime.link.hardware.pose import ATTITUDE, MOTION, MissingError, Pose, attitude, motion
from deploy.runtime.link.hardware.wiring import GAIT, Sensor, Wiring

__all__ = ["Arrival", "Commands", "HardwareLink", "Inputs"]


@dataclass(frozen=True, eq=False)
class Arrival:
    """A message that came in.

    Attributes:
        topic: its short name.
        message: as the robot's library made it.
        received_ns: our monotonic clock.
    """

    topic: str
    message: Any
    received_ns: int


class Inputs(Protocol):
    """What comes from the robot, and what it means.

    Attributes:
        leading: the topic whose messages end control periods.
    """

    leading: str

    def receive(self, timeout_s: float) -> list[Arrival]:
        """All that came since, oldest first; waits for the first."""
        ...

    def stamp_ns(self, message: Any) -> int:
        """When a leading message was measured, by the robot's clock; 0: it does not say."""
        ...

    def fault(self, topic: str, message: Any) -> str:
        """Why a message must not be believed; "" if it may."""
        ...

    def measure(self, sensor: Sensor, message: Any, leading: Any) -> float:
        """A number of a message, beside which stands a leading one; raises `MissingError`."""
        ...

    def pose(self, topic: str, message: Any, leading: Any) -> Pose:
        """Where the body is, as a message tells it; raises `MissingError`."""
        ...

    def close(self) -> None:
        """Listen no more."""
        ...


class Commands(Protocol):
    """Where commands go."""

    def send(self, order: Order) -> bool:
        """Hand a command on, without waiting; whether there was room."""
        ...

    def close(self) -> None:
        """The safe action is the last word."""
        ...


class HardwareLink:
    """A robot behind a library of its own.

    Args:
        wiring: which number is which channel.
        inputs: what comes from the robot.
        commands: where commands go; None: it is only watched.
        name: of the link, for errors.

    Attributes:
        counters: what was dropped, by reason.
    """

    def __init__(
        self, wiring: Wiring, inputs: Inputs, commands: Commands | None, name: str
    ) -> None:
        self.channels = wiring.channels
        self.counters: Counter[str] = Counter()
        self._wiring, self._inputs, self._commands, self._name = wiring, inputs, commands, name
        self._dt_ns = round(wiring.dt * 1e9)
        self._max_age_ns = round((wiring.max_age or wiring.dt) * 1e9)
        self._grid = PeriodGrid(self._dt_ns)
        self._acting = Acting(np.array(self.channels.safe_action))
        self._newest: dict[str, Arrival] = {}
        self._poses: dict[str, tuple[int, Pose]] = {}
        self._waiting: Observation | None = None
        self._restarted = False
        self._period = 0
        self._before_ns = 0
        self._closed = False

    def await_robot(self, timeout_s: float) -> None:
        """Wait for the first observation, which stays to be read.

        Raises:
            DeployError: none comes; says what did.
        """
        self._waiting = self.read(timeout_s)
        if self._waiting is not None:
            return
        came = ", ".join(sorted(self._newest)) or "nothing"
        why = "".join(f"; {reason}: {count} times" for reason, count in self.counters.items())
        raise DeployError(
            f"link: no observation from {self._name} in {timeout_s:g} s: came {came}{why}"
        )

    def read(self, timeout_s: float) -> Observation | None:
        """The newest observation not yet read, or None after `timeout_s`."""
        until = time.monotonic() + timeout_s
        while True:
            left = 0.0 if self._waiting is not None else max(0.0, until - time.monotonic())
            for arrival in self._inputs.receive(left):
                self._take(arrival)
            if self._waiting is not None or time.monotonic() >= until:
                observation, self._waiting = self._waiting, None
                self._restarted &= observation is None
                return observation

    def _take(self, arrival: Arrival) -> None:
        if arrival.topic != self._inputs.leading:
            if self._believed(arrival):
                self._newest[arrival.topic] = arrival
            return
        stamp = arrival.received_ns
        if self._wiring.stamp == "message":
            stamp = self._inputs.stamp_ns(arrival.message)
            if stamp <= 0:
                self.counters["no stamp"] += 1
                return
        if self._grid.late(stamp):
            self.counters["late"] += 1
            return
        # Only what would make an observation is looked at closely: robots report far more often.
        if self._grid.due(stamp) and not self._believed(arrival):
            return
        self._newest[arrival.topic] = arrival
        tick = self._grid.take(stamp)
        if tick is not None:
            self._observe(tick, stamp, arrival.received_ns)

    def _believed(self, arrival: Arrival) -> bool:
        fault = self._inputs.fault(arrival.topic, arrival.message)
        self.counters.update([fault] if fault else [])
        return not fault

    def _observe(self, tick: Tick, stamp_ns: int, now_ns: int) -> None:
        """Make the observation of a period, or count why it cannot be made."""
        if tick.reset:
            self._restarted = True  # until somebody has been told
            self._poses.clear()
        before_ns, self._before_ns = self._before_ns, now_ns
        self._period = tick.sequence
        try:
            values = self._values(tick, now_ns)
        except MissingError as missing:
            self.counters[f"missing {missing}"] += 1
            return
        start_ns = before_ns if tick.elapsed == 1 else now_ns - self._dt_ns
        applied, sequence = self._acting.between(start_ns, now_ns)
        self._waiting = Observation(
            sequence=tick.sequence, stamp_ns=stamp_ns, received_ns=now_ns, values=values,
            applied=applied, applied_sequence=sequence, reset=self._restarted,
        )  # fmt: skip

    def _values(self, tick: Tick, now_ns: int) -> np.ndarray:
        poses: dict[str, Pose] = {}
        values, missing = [], None
        leading = self._newest[self._inputs.leading].message
        for sensor in self._wiring.observation:
            if sensor.topic == GAIT:
                values.append(sensor.value(self._gait(sensor.field, tick.sequence)))
                continue
            try:
                message = self._message(sensor.topic, now_ns)
                if sensor.field in (*ATTITUDE, *MOTION) and sensor.topic not in poses:
                    poses[sensor.topic] = self._inputs.pose(sensor.topic, message, leading)
                if sensor.field in (*ATTITUDE, *MOTION):
                    measured = self._derived(sensor, poses, tick)
                else:
                    measured = self._inputs.measure(sensor, message, leading)
                values.append(sensor.value(measured))
            except MissingError as reason:
                missing = missing or reason
        # Also where a value is missing: the next period's speeds count from here.
        for topic, pose in poses.items():
            self._poses[topic] = (tick.sequence, pose)
        if missing is not None:
            raise missing
        return np.array(values, np.float32)

    def _gait(self, field: str, period: int) -> float:
        """Where the gait stands at the beginning of a control period."""
        cycle = len(self._wiring.gait)
        angle = 2 * math.pi * (period % cycle) / cycle
        return math.sin(angle) if field == "sin" else math.cos(angle)

    def _message(self, topic: str, now_ns: int) -> Any:
        arrival = self._newest.get(topic)
        if arrival is None:
            raise MissingError(topic)
        if now_ns - arrival.received_ns > self._max_age_ns:
            raise MissingError(f"{topic} (too old)")
        return arrival.message

    def _derived(self, sensor: Sensor, poses: Mapping[str, Pose], tick: Tick) -> float:
        now = poses[sensor.topic]
        if sensor.field in ATTITUDE:
            return attitude(sensor.field, now)
        if sensor.topic not in self._poses:
            raise MissingError("position of the period before")
        sequence, before = self._poses[sensor.topic]
        return motion(sensor.field, before, now, (tick.sequence - sequence) * self._wiring.dt)

    def write(self, command: Command) -> None:
        """Send a command; never blocks.

        Raises:
            DeployError: it has another size than the robot's actions, or nobody takes commands.
        """
        values = np.asarray(command.values, np.float32)
        if values.shape != (len(self.channels.action),):
            size = len(self.channels.action)
            raise DeployError(f"link: a command of shape {values.shape}; allowed: ({size},)")
        if not command.armed:
            return
        if self._commands is None:
            self.counters["commands are off"] += 1
            return
        if not np.isfinite(values).all():
            self.counters["command not finite"] += 1
            return
        order = Order(values, command.valid_for_ns, self._period, self._before_ns)
        if self._commands.send(order):
            now = time.monotonic_ns()
            self._acting.send(command.sequence, values, now, command.valid_for_ns)
        else:
            self.counters["unsent"] += 1

    def close(self) -> None:
        """Command the safe action, and let go."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._commands is not None:
                self._commands.close()
        finally:
            self._inputs.close()
