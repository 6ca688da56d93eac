"""The memory that shield and planner share: tasks one way, plans the other, and a status."""

from __future__ import annotations

import numpy as np

from deploy.runtime.loop.memory import Ring, Shared
from deploy.runtime.loop.messages import Shapes

__all__ = ["FAILED", "READY", "STARTING", "Exchange"]

STARTING, READY, FAILED = 0, 1, 2
"""States of the planner's process."""

_TASKS, _PLANS = 64, 16
"""Tasks and plans kept: how far the reader may fall behind without losing one."""

_TEXT = 2000
_STATUS = np.dtype(
    [("over", np.int64), ("state", np.int64), ("length", np.int64), ("text", np.uint8, (_TEXT,))],
    align=True,
)


class Exchange:
    """Both ends make one, over the same memory.

    Args:
        shapes: types of the records.
        descriptor: of the memory that the other end made; None makes it.
    """

    def __init__(self, shapes: Shapes, descriptor: int | None = None) -> None:
        tasks = _STATUS.itemsize
        plans = tasks + Ring.size(shapes.task, _TASKS)
        self.memory = Shared(plans + Ring.size(shapes.plan, _PLANS), descriptor)
        self.shapes = shapes
        self.tasks = Ring(self.memory, tasks, shapes.task, _TASKS)
        self.plans = Ring(self.memory, plans, shapes.plan, _PLANS)
        self._status = np.frombuffer(self.memory.buffer, _STATUS, 1, 0)

    @property
    def over(self) -> bool:
        """The planner shall end."""
        return bool(self._status["over"][0])

    def end(self) -> None:
        """Tell the planner to end, the shield only."""
        self._status["over"][0] = 1

    @property
    def state(self) -> int:
        """STARTING, READY or FAILED."""
        return int(self._status["state"][0])

    @property
    def text(self) -> str:
        """What the planner has to say about its state."""
        raw = self._status["text"][0][: int(self._status["length"][0])]
        return raw.tobytes().decode(errors="replace")

    def say(self, state: int, text: str) -> None:
        """Set state and text, the planner only."""
        raw = np.frombuffer(text.encode()[:_TEXT], np.uint8)
        self._status["text"][0][: raw.size] = raw
        self._status["length"][0] = raw.size
        self._status["state"][0] = state
