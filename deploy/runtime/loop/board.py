"""What is shown of a run while it runs, in memory that another process reads and draws.

Drawing takes longer than a tick may be late, so it is not done in the shield's process.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from deploy.runtime.loop.accounts import Accounts
from deploy.runtime.loop.memory import Ring, Shared
from deploy.runtime.loop.record import TickRecord
from deploy.runtime.loop.settings import Limits

__all__ = ["STAGES", "Board", "Viewer", "open_board"]

STAGES = ("wake", "jitter", "read", "check", "wait", "tick", "adapt", "predict", "plan")
"""Stages shown, in this order."""

_TEXT = 200
EVERY_S = 0.25
"""Time between two pictures [s]."""

_PICTURE = np.dtype(
    [
        ("over", np.int64), ("tick", np.int64), ("seconds", np.float64), ("rate", np.float64),
        ("period", np.float64), ("mode", "S16"), ("reason", f"S{_TEXT}"), ("armed", np.bool_),
        ("gate_open", np.bool_), ("prior_error", np.float64), ("adapted_error", np.float64),
        ("iterations", np.int64), ("delay", np.int64), ("total", np.float64),
        ("shield_misses", np.int64), ("planner_misses", np.int64),
        ("times", np.float64, (len(STAGES), 4)),
    ],
    align=True,
)  # fmt: skip
_SLOTS = 4


def open_board(descriptor: int | None = None) -> tuple[Shared, Ring]:
    """The memory of a board; `descriptor` of the one that another process made."""
    memory = Shared(Ring.size(_PICTURE, _SLOTS), descriptor)
    return memory, Ring(memory, 0, _PICTURE, _SLOTS)


class Board:
    """Publishes pictures of a run (a `Sink`).

    Args:
        limits: of the robot.
        accounts: of the run.
    """

    def __init__(self, limits: Limits, accounts: Accounts) -> None:
        self._accounts, self._dt = accounts, limits.dt
        self._every = max(1, round(EVERY_S / limits.dt))
        self._picture = np.zeros((), _PICTURE)
        self._picture["period"] = limits.dt
        self._shown_ns = self._shown_tick = self._first_ns = 0
        self.memory, self._ring = open_board()

    def record(self, record: TickRecord) -> None:
        """Publish a picture now and then."""
        if self._accounts.ticks % self._every == 0:
            self._publish(record)

    def _publish(self, record: TickRecord) -> None:
        picture = self._picture
        if not self._shown_ns:
            self._first_ns = record.started_ns
        else:
            elapsed = max(1, record.started_ns - self._shown_ns) * 1e-9
            picture["rate"] = (self._accounts.ticks - self._shown_tick) / elapsed
        self._shown_ns, self._shown_tick = record.started_ns, self._accounts.ticks
        picture["seconds"] = (record.started_ns - self._first_ns) * 1e-9
        picture["mode"] = record.mode.value.encode()
        picture["reason"] = record.reason.encode()[:_TEXT]
        for name in ("tick", "armed", "gate_open", "prior_error", "adapted_error", "iterations"):
            picture[name] = getattr(record, name)
        picture["delay"] = record.delay
        picture["total"] = self._accounts.total
        picture["shield_misses"] = self._accounts.misses["shield"]
        picture["planner_misses"] = self._accounts.misses["planner"]
        for row, stage in enumerate(STAGES):
            picture["times"][row] = self._accounts.times_of(stage)
        self._ring.write(picture)

    def end(self) -> None:
        """Publish that the last picture was the last."""
        self._picture["over"] = 1
        self._ring.write(self._picture)


class Viewer:
    """The process that draws what a board publishes.

    Args:
        board: that one.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        descriptor = board.memory.descriptor
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy.runtime.loop.view", str(descriptor)],
            pass_fds=(descriptor,),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the shield
        )

    def close(self) -> None:
        """Leave the last picture on the screen."""
        self._board.end()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._board.memory.close()
