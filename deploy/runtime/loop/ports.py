"""How the shield reaches the planner; and the planner that runs inside the loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from deploy.runtime.loop.messages import PlannerTask
from deploy.runtime.loop.planner import PlannerCore
from deploy.runtime.loop.record import PlanRecord

__all__ = ["LocalPlanner", "PlannerPort"]


class PlannerPort(Protocol):
    """The planner, wherever it runs. No method waits for it."""

    def post(self, task: PlannerTask) -> None:
        """Hand over a task."""
        ...

    def collect(self, tick: int) -> list[PlanRecord]:
        """The plans that have become known since they were last asked for."""
        ...

    def trouble(self) -> str:
        """Why no more plans will come; "" if they will."""
        ...

    def close(self) -> None:
        """No more plans are wanted."""
        ...


class LocalPlanner:
    """Plans when the task is posted; the plan becomes known after a simulated time.

    Args:
        core: the planner.
        latency: ticks that planning seems to take, or a function from the tick to them.
    """

    def __init__(self, core: PlannerCore, latency: int | Callable[[int], int] = 0) -> None:
        self._core, self._latency = core, latency
        self._plans: deque[tuple[int, PlanRecord]] = deque()

    def post(self, task: PlannerTask) -> None:
        self._core.learn(task)
        plan = self._core.plan(task)
        latency = self._latency(task.tick) if callable(self._latency) else self._latency
        self._plans.append((task.tick + latency, plan))

    def collect(self, tick: int) -> list[PlanRecord]:
        plans = []
        # In order: a plan that seems to take long keeps those behind it waiting.
        while self._plans and self._plans[0][0] <= tick:
            plans.append(self._plans.popleft()[1])
        return plans

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing to close."""
