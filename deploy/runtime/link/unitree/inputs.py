"""Listens to a robot's state."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from deploy.runtime.link.hardware.link import Arrival
from deploy.runtime.link.hardware.pose import Pose
from deploy.runtime.link.hardware.wiring import Sensor
from deploy.runtime.link.unitree import messages
from deploy.runtime.link.unitree.config import TOPICS, UnitreeAddress
from deploy.runtime.link.unitree.library import message_type, start_dds, unitree

__all__ = ["UnitreeInputs"]

_TYPES = {"lowstate": "LowState_", "sportmodestate": "SportModeState_"}
_MOST = 256
"""Messages that wait at most, about half a second of them."""


class UnitreeInputs:
    """Subscriptions; the SDK calls back from threads of its own.

    Args:
        address: of the robot.

    Raises:
        DeployError: the SDK is not there, or the interface is not.
    """

    leading = "lowstate"

    def __init__(self, address: UnitreeAddress) -> None:
        self._check = address.check_checksum
        self._arrived: deque[Arrival] = deque(maxlen=_MOST)
        self._came = threading.Event()
        used = {sensor.topic for sensor in address.wiring.observation} | {self.leading}
        channel = unitree("core.channel")
        start_dds(address.interface, address.domain)
        self._subscribers = []
        for name in (name for name in TOPICS if name in used):
            subscriber = channel.ChannelSubscriber(f"rt/{name}", message_type(_TYPES[name]))
            subscriber.Init(self._callback(name), 0)
            self._subscribers.append(subscriber)

    def _callback(self, name: str) -> Callable[[Any], None]:
        def take(message: Any) -> None:
            self._arrived.append(Arrival(name, message, time.monotonic_ns()))
            self._came.set()

        return take

    def receive(self, timeout_s: float) -> list[Arrival]:
        self._came.wait(timeout_s)
        # Cleared first: what comes while the queue is emptied is found at the next call.
        self._came.clear()
        arrived = []
        while self._arrived:
            arrived.append(self._arrived.popleft())
        return arrived

    def stamp_ns(self, message: Any) -> int:
        return messages.stamp_ns(message)

    def fault(self, topic: str, message: Any) -> str:
        return messages.checksum_fault(message) if self._check and topic == self.leading else ""

    def measure(self, sensor: Sensor, message: Any, leading: Any) -> float:
        return messages.measure(sensor, message, leading)

    def pose(self, topic: str, message: Any, leading: Any) -> Pose:
        return messages.pose_of(topic, message, leading)

    def close(self) -> None:
        while self._subscribers:
            self._subscribers.pop().Close()
