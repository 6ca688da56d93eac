"""A run in real time in a process of its own, which tests may stop, kill or interrupt.

`python -m tests.deploy.runtime.loop.scenario OPTIONS`, options as JSON; prints JSON, too.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

from deploy.runtime.loop.clock import MonotonicClock
from deploy.runtime.loop.hygiene import prepare
from deploy.runtime.loop.process import PlannerProcess, WorkerSpec
from deploy.runtime.loop.record import TickRecord
from deploy.runtime.loop.session import stop_signals
from tests.deploy.runtime.loop.fakes import A, H, S, Voice, check_commands, rig

FACTORY = "tests.deploy.runtime.loop.fakes:slow_agent"


def spec(**arguments: Any) -> WorkerSpec:
    return WorkerSpec(FACTORY, arguments, S, A, H, lock_memory=False)


class Tell:
    """Says on standard output that the run has come so far."""

    def __init__(self, tick: int) -> None:
        self.tick = tick

    def record(self, record: TickRecord) -> None:
        if record.tick == self.tick:
            print("now", flush=True)


def main(options: dict[str, Any]) -> None:
    # Where it is granted, what else the machine does does not decide what these tests see.
    prepare(50, lock_memory=False)
    planner = PlannerProcess(replace(spec(**options.get("agent", {})), priority=40))
    print(planner.pid, flush=True)
    person = Voice({}) if options.get("person", True) else None
    made = rig(
        clock=MonotonicClock(),
        planner=planner,
        ticks=options.get("ticks"),
        person=person,
        sinks=[Tell(options.get("tell", 30))],
        lead=options.get("lead", 0),
    )
    try:
        with stop_signals(made.session.stop):
            ending = made.run()
    finally:
        planner.close()
    check_commands(made.robot)
    records = made.log.records
    result = {
        "ended": ending.reason,
        "safe": ending.safe,
        "modes": [[record.tick, record.mode.value, record.reason] for record in records],
        "last": made.robot.commands[-1].values.tolist(),
        "gaps_ms": [
            (b - a) / 1e6
            for a, b in zip(made.robot.written_at, made.robot.written_at[1:], strict=False)
        ],
        "summary": made.accounts.summary(),
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
