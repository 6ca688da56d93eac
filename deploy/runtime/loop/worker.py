"""The planner's process: `python -m deploy.runtime.loop.worker SPEC`, started by the shield."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from typing import Any

import numpy as np

from deploy.runtime.loop.clock import MonotonicClock
from deploy.runtime.loop.exchange import FAILED, READY, Exchange
from deploy.runtime.loop.hygiene import prepare
from deploy.runtime.loop.messages import PlannerTask, Shapes
from deploy.runtime.loop.planner import PlannerCore

__all__ = ["bundle_agent", "serve"]

IDLE_S = 0.0003
"""Pause between two looks for a task: the greatest time that a task waits."""

WARM_UP = 3
"""Plans made before the first task, so that the first that counts is not slower."""

WARM_UP_NS = 10**9
"""Time for each of them: a planner may be allowed thousands of iterations."""


def bundle_agent(path: str, seed: int, planner: str = "") -> Any:
    """The agent of a bundle; `planner` as text, in place of the bundle's."""
    from controllers import load_planner
    from deploy.runtime.bundle import load_bundle

    return load_bundle(path).agent(seed=seed, planner=load_planner(planner) if planner else None)


def serve(exchange: Exchange, core: PlannerCore, parent: int) -> None:
    """Plan until told to quit, or until the shield is no more.

    Args:
        exchange: with the shield.
        core: the planner.
        parent: process id of the shield.
    """
    next_task = 0
    looks = 0
    planned = False
    while not exchange.over:
        looks += 1
        if looks % 256 == 0 and os.getppid() != parent:
            return
        head = exchange.tasks.head
        if head == next_task:
            if not (planned and core.prepare()):
                time.sleep(IDLE_S)
            continue
        task = None
        for number in range(max(next_task, head - exchange.tasks.slots + 1), head):
            record = exchange.tasks.read(number)
            if record is not None:
                task = exchange.shapes.task_of(record)
                core.learn(task)
        next_task = head
        if task is not None:
            exchange.plans.write(exchange.shapes.pack(core.plan(task)))
            planned = True


def warm_up(core: PlannerCore, spec: dict[str, Any]) -> None:
    """Plan a few times for a robot at rest; the first epoch that counts forgets it."""
    still = np.zeros(spec["observation"], np.float32)
    nothing = np.zeros((1, spec["action"]), np.float32)
    for sequence in range(WARM_UP):
        now = time.monotonic_ns()
        task = PlannerTask(
            tick=0, epoch=-2, sequence=sequence, received_ns=now, deadline_ns=now + WARM_UP_NS,
            first_sequence=sequence + 1, transition=True, frozen=False, observation=still,
            applied=nothing[0], in_flight=nothing,
        )  # fmt: skip
        core.learn(task)
        core.plan(task)


def main(text: str) -> int:
    """Run the process; `text` is a `WorkerSpec` as JSON."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    spec = json.loads(text)
    shapes = Shapes(spec["observation"], spec["action"], spec["horizon"])
    exchange = Exchange(shapes, spec["descriptor"])
    try:
        module, _, name = spec["factory"].partition(":")
        agent = getattr(importlib.import_module(module), name)(**spec["arguments"])
        core = PlannerCore(
            agent, MonotonicClock(), seed=spec["seed"], iterations=spec["iterations"]
        )
        warm_up(core, spec)
        report = prepare(spec["priority"], tuple(spec["cores"]), lock_memory=spec["lock_memory"])
        exchange.say(READY, json.dumps([item.as_dict() for item in report]))
        serve(exchange, core, spec["parent"])
    except Exception as error:
        # The process that shows this is the shield's; its one line is all that a person sees.
        exchange.say(FAILED, f"{type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
