"""A scripted robot behind real sockets, and somebody in between who does as a test says."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from deploy.robot.server import RobotServer
from deploy.runtime.link.address import Address
from deploy.runtime.link.base import Command, Observation
from deploy.runtime.link.datagram import DatagramLink
from deploy.runtime.link.wire import Kind
from tests.deploy.runtime.loop.fakes import Robot

Meddle = Callable[[int, bytes], Sequence[bytes]]
"""From a packet, the n-th of its kind, to what is delivered instead."""


def untouched(number: int, datagram: bytes) -> Sequence[bytes]:
    return [datagram]


class Wire:
    """A link (`RobotLink`) whose packets pass two sockets and a meddler, in step with the clock.

    Args:
        robot: at the other end.
        down: what happens to its observations.
        up: what happens to the commands it is sent.
        key_file: that both ends share.
        reflect_from: from the packet of this number on, each also goes back to its sender.
    """

    def __init__(
        self, robot: Robot, down: Meddle = untouched, up: Meddle = untouched,
        key_file: Path | None = None, reflect_from: int | None = None,
    ) -> None:  # fmt: skip
        self.robot, self.channels = robot, robot.channels
        self._meddle: dict[int, Meddle] = {Kind.OBSERVATION: down, Kind.COMMAND: up}
        self._count = dict.fromkeys(self._meddle, 0)
        here = Address("udp", "127.0.0.1", 0, key_file=key_file)
        self.server = RobotServer(here, robot.channels)
        self._reflect_from = reflect_from
        self._front, self._back, self._stranger = (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "abc"
        )
        self._front.bind(("127.0.0.1", 0))
        self._back.connect(("127.0.0.1", self.server.address.port))
        self._commander: tuple[str, int] | None = None
        port = self._front.getsockname()[1]
        with self._answering():
            self.link = DatagramLink(replace(here, port=port), greeting_s=60)
        self._obeyed = -1

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """The robot and the meddler in a thread, while the commander greets them."""
        done = threading.Event()
        end = time.monotonic() + 90

        def answer() -> None:
            while not (done.is_set() and self.server.commanded) and time.monotonic() < end:
                self._carry(0.002)
                self.server.poll()

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _carry(self, wait_s: float) -> None:
        """Take one packet from either side to the other."""
        ready, _, _ = select.select([self._front, self._back], [], [], wait_s)
        for side in ready:
            datagram, sender = side.recvfrom(65_535)
            if side is self._front:
                self._commander = sender
            for meddled in self._meddled(datagram):
                if side is self._front:
                    self._back.send(meddled)
                elif self._commander is not None:
                    self._front.sendto(meddled, self._commander)
            if self._reflected(datagram):
                self._send_back(datagram, side is self._front)

    def _reflected(self, datagram: bytes) -> bool:
        sent = self._count.get(datagram[5], 0)
        return self._reflect_from is not None and sent > self._reflect_from

    def _send_back(self, datagram: bytes, from_commander: bool) -> None:
        """To the commander as if the robot had sent it; to the robot from an address of our own."""
        if not from_commander:
            self._stranger.sendto(datagram, ("127.0.0.1", self.server.address.port))
        elif self._commander is not None:
            self._front.sendto(datagram, self._commander)

    def _meddled(self, datagram: bytes) -> Sequence[bytes]:
        kind = datagram[5]
        if kind not in self._meddle:
            return [datagram]
        number = self._count[kind]
        self._count[kind] += 1
        return self._meddle[kind](number, datagram)

    def read(self, timeout_s: float) -> Observation | None:
        observation = self.robot.read(timeout_s)
        if observation is not None:
            self.server.send(observation)
            self._carry(5.0)
        read = self.link.read(0.0)
        return None if read is None else replace(read, received_ns=self.robot.clock.now_ns())

    def write(self, command: Command) -> None:
        self.link.write(command)
        self._carry(5.0)
        self.server.poll()
        newest = self.server.newest()
        if newest is not None and newest[0].sequence > self._obeyed:
            self._obeyed = newest[0].sequence
            self.robot.write(newest[0])

    def close(self) -> None:
        self.link.close()
        for side in (self._front, self._back, self._stranger):
            side.close()
        self.server.close()
