"""The keeper: the robot's watchdog, in a process of its own.

A motor controller that holds its last command for ever knows nothing of a command's validity. The
keeper stands between: it alone speaks to the motors, repeats the newest command as often as the
robot wants to hear it, and takes the safe action when the command has expired or when whoever sent
it is gone, killed included. Before the first command it says nothing at all.

    shield -- a socket --> keeper -- DDS --> motors
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

__all__ = ["READY", "Keeper", "Order", "Sink", "keep", "pack", "unpack"]

READY = b"ready"
"""The keeper's word that it can speak to the robot; any other word is why it cannot."""
_HEAD = struct.Struct("<qqq")
_LARGEST = 65_536


@dataclass(frozen=True, eq=False)
class Order:
    """A command for the keeper.

    Attributes:
        values: [A].
        valid_for_ns: how long it holds.
        period: control period that the robot is in.
        since_ns: when that began, by the monotonic clock, which all processes share.
    """

    values: np.ndarray
    valid_for_ns: int
    period: int = 0
    since_ns: int = 0

    def period_at(self, now_ns: int, dt_ns: int) -> int:
        """The control period that the robot is in at `now_ns`."""
        return self.period + max(0, now_ns - self.since_ns) // dt_ns


class Sink(Protocol):
    """What speaks to the motors.

    Attributes:
        period_s: between two repetitions.
        parting_s: how long the safe action is repeated at the end.
    """

    period_s: float
    parting_s: float

    def apply(self, order: Order, now_ns: int) -> None:
        """A new command."""
        ...

    def again(self, now_ns: int) -> None:
        """The same command still holds."""
        ...

    def safe(self, now_ns: int) -> None:
        """No command holds: the safe action."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class Keeper:
    """What is said to the motors, and when.

    Args:
        sink: speaks to the motors.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._until_ns: int | None = None

    @property
    def commanded(self) -> bool:
        """Whether there ever was a command."""
        return self._until_ns is not None

    def command(self, order: Order, now_ns: int) -> None:
        """Take a command that holds from `now_ns` on."""
        self._until_ns = now_ns + order.valid_for_ns
        self._sink.apply(order, now_ns)

    def repeat(self, now_ns: int) -> None:
        """Say again what holds."""
        if self._until_ns is None:
            return
        if now_ns <= self._until_ns:
            self._sink.again(now_ns)
        else:
            self._sink.safe(now_ns)

    def part(self, now_ns: int) -> None:
        """Say the safe action, whatever held."""
        if self._until_ns is not None:
            self._until_ns = now_ns - 1
            self._sink.safe(now_ns)


def pack(order: Order) -> bytes:
    """A command as bytes."""
    head = _HEAD.pack(order.valid_for_ns, order.period, order.since_ns)
    return head + np.asarray(order.values, "<f8").tobytes()


def unpack(datagram: bytes) -> Order:
    """The command that `pack` packed."""
    return Order(np.frombuffer(datagram, "<f8", offset=_HEAD.size), *_HEAD.unpack_from(datagram))


def keep(
    ours: socket.socket,
    sink: Sink,
    stopped: Callable[[], bool] = lambda: False,
    clock: Callable[[], int] = time.monotonic_ns,
) -> None:
    """Keep the robot until the other end of the socket is closed, then part.

    Args:
        ours: end of a socket pair, of which the shield has the other.
        sink: speaks to the motors.
        stopped: asked at every repetition.
        clock: monotonic [ns].
    """
    keeper = Keeper(sink)
    period = round(sink.period_s * 1e9)
    ours.setblocking(False)
    try:
        due = clock() + period
        while not stopped():
            select.select([ours], [], [], max(0, due - clock()) * 1e-9)
            newest, over = _receive(ours)
            if newest is not None:
                keeper.command(unpack(newest), clock())
            if over:
                break
            if (now := clock()) >= due:
                keeper.repeat(now)
                due = max(due + period, now)
    finally:
        _part(keeper, sink, clock, period)


def _part(keeper: Keeper, sink: Sink, clock: Callable[[], int], period: int) -> None:
    try:
        end = clock() + round(sink.parting_s * 1e9)
        while keeper.commanded and clock() < end:
            keeper.part(clock())
            time.sleep(period * 1e-9)
    finally:
        sink.close()


def _receive(ours: socket.socket) -> tuple[bytes | None, bool]:
    """The newest command that waits, and whether the other end is closed."""
    newest = None
    while True:
        try:
            datagram = ours.recv(_LARGEST)
        except BlockingIOError:
            return newest, False
        except OSError:
            return newest, True
        if not datagram:
            return newest, True
        newest = datagram


def _main(argument: str) -> int:
    """The process: `{"descriptor": int, "factory": "module:function", "arguments": {...}}`."""
    spec: dict[str, Any] = json.loads(argument)
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ours = socket.socket(fileno=spec["descriptor"])
    try:
        module, _, name = spec["factory"].partition(":")
        sink: Sink = getattr(importlib.import_module(module), name)(**spec["arguments"])
    except Exception as error:
        ours.send(str(error).encode() or type(error).__name__.encode())
        return 2
    ours.send(READY)
    # Libraries may print; the terminal is the shield's.
    with open(os.devnull, "w") as nowhere:
        sys.stdout = nowhere
        keep(ours, sink, stopped=lambda: bool(asked))
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
