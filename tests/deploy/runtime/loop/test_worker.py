"""The planner's process between two tasks: what it does meanwhile, and what must not wait."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from deploy.runtime.loop.clock import MonotonicClock
from deploy.runtime.loop.exchange import Exchange
from deploy.runtime.loop.messages import PlannerTask, Shapes
from deploy.runtime.loop.planner import SPARE, PlannerCore
from deploy.runtime.loop.record import PlanRecord
from deploy.runtime.loop.worker import serve
from tests.deploy.runtime.loop.fakes import A, H, S, sled_agent

TASK = PlannerTask(
    tick=0, epoch=0, sequence=0, received_ns=0, deadline_ns=0, first_sequence=1, transition=True,
    frozen=False, observation=np.zeros(S, np.float32), applied=np.zeros(A, np.float32),
    in_flight=np.zeros((1, A), np.float32),
)  # fmt: skip


def ready(core: PlannerCore) -> int:
    """Prepare all there is to prepare; iterations whose noise is there now."""
    while core.prepare():
        pass
    return len(core._agent._noise._ahead[0])  # pyright: ignore[reportAttributeAccessIssue]


def test_no_more_is_prepared_than_a_plan_can_need() -> None:
    """A thousand iterations are allowed, and there is time for one."""
    core = PlannerCore(sled_agent(), MonotonicClock(), iterations=1000)
    core.learn(TASK)
    assert core.plan(TASK).iterations == 1
    assert ready(core) == 1 + SPARE
    later = replace(TASK, sequence=1, first_sequence=2)
    core.learn(later)
    assert core.plan(later, iterations=20).iterations == 20
    assert ready(core) == 20 + SPARE
    core.learn(replace(TASK, epoch=1))
    assert ready(core) == 0, "forgotten, and not drawn again while the first plan is awaited"


def test_what_is_prepared_changes_no_plan() -> None:
    prompt, early = (PlannerCore(sled_agent(), MonotonicClock(), timed=False) for _ in range(2))
    for sequence in range(12):
        task = replace(TASK, epoch=sequence // 5, sequence=sequence, first_sequence=sequence + 1)
        for core in (prompt, early):
            core.learn(task)
        first, second = (core.plan(task).actions for core in (prompt, early))
        np.testing.assert_array_equal(first, second)
        for _ in range(sequence % 4):
            early.prepare()


class Slow:
    """A core with a hundred things to prepare; the next task comes while it does the first."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange, self.did = exchange, []
        self.left = 100

    def post(self, tick: int) -> None:
        self.exchange.tasks.write(self.exchange.shapes.pack(replace(TASK, tick=tick)))

    def learn(self, task: PlannerTask) -> None:
        self.did.append(f"learn {task.tick}")

    def plan(self, task: PlannerTask) -> PlanRecord:
        self.did.append(f"plan {task.tick}")
        if task.tick == 1:
            self.exchange.end()
        none = np.zeros((0, A), np.float32)
        return PlanRecord(task.tick, 0, 0, 1, 0, 0, np.zeros((H, A), np.float32), none, 1)

    def prepare(self) -> bool:
        self.did.append("prepare")
        if self.left == 100:
            self.post(1)
        self.left -= 1
        return self.left > 0


def test_a_task_never_waits_for_all_that_could_be_prepared() -> None:
    exchange = Exchange(Shapes(S, A, H))
    core = Slow(exchange)
    core.post(0)
    serve(exchange, core, os.getppid())  # pyright: ignore[reportArgumentType]
    assert core.did == ["learn 0", "plan 0", "prepare", "learn 1", "plan 1"]
    exchange.memory.close()
