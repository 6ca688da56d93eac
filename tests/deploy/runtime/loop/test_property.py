"""Whatever is observed, whatever is planned: no command leaves that a robot must not get."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.runtime.link.base import Channels, Command, Observation
from deploy.runtime.loop.clock import VirtualClock
from deploy.runtime.loop.guard import CommandGuard
from deploy.runtime.loop.messages import PlannerTask
from deploy.runtime.loop.record import PlanRecord
from deploy.runtime.loop.settings import LoopSettings
from deploy.runtime.loop.shield import Shield
from tests.deploy.runtime.loop.fakes import DT, A, S, limits

# Left to itself, hypothesis draws one NaN in a hundred lists.
numbers = st.sampled_from([np.nan, np.inf, -np.inf, 3e38]) | st.floats(width=32)
small = st.floats(-3, 3, width=32)
values = st.lists(small | numbers, min_size=A, max_size=A)


class AnyLink:
    """Delivers what it is given."""

    channels: Channels

    def __init__(self) -> None:
        self.next: Observation | None = None
        self.commands: list[Command] = []

    def read(self, timeout_s: float) -> Observation | None:
        return self.next

    def write(self, command: Command) -> None:
        self.commands.append(command)

    def close(self) -> None:
        pass


class AnyPlanner:
    """Plans what it is given."""

    def __init__(self) -> None:
        self.tasks: list[PlannerTask] = []
        self.next: list[PlanRecord] = []

    def post(self, task: PlannerTask) -> None:
        self.tasks.append(task)

    def collect(self, tick: int) -> list[PlanRecord]:
        plans, self.next = self.next, []
        return plans

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        pass


ticks = st.fixed_dictionaries(
    {
        "step": st.integers(-2, 3),
        "stamp": st.integers(-(10**9), 10**9) | st.just(0),
        "values": st.lists(small | numbers, min_size=S, max_size=S + 1),
        "applied": values,
        "answer": st.integers(-1, 50),
        "reset": st.booleans(),
        "none": st.booleans(),
        "plan": st.lists(values, min_size=1, max_size=3),
        "first": st.integers(-2, 5),
        "returns": numbers,
        "late_ms": st.sampled_from([0, 0, 0, 5, 30, 500]),
    }
)


def near(one: np.ndarray, other: np.ndarray, step: float) -> bool:
    # One unit in the last place of the limits is the rounding of the difference itself.
    return bool(np.abs(one - other).max() <= np.float32(step) + 2.4e-7)


@settings(max_examples=150)
@given(
    script=st.lists(ticks, min_size=1, max_size=25),
    step=st.floats(1e-3, 10),
    safe=st.lists(st.floats(-1, 1, width=32), min_size=A, max_size=A),
    lead=st.sampled_from([0, 1]),
    simulated=st.booleans(),
)
def test_every_command_is_finite_inside_the_limits_and_near_the_one_before(
    script: Sequence[dict[str, Any]], step: float, safe: list[float], lead: int, simulated: bool
) -> None:
    clock, link, planner = VirtualClock(), AnyLink(), AnyPlanner()
    bound = limits(
        action_step=np.full(A, step, np.float32),
        safe_action=np.array(safe, np.float32),
        simulated=simulated,
    )
    shield = Shield(link, bound, planner, LoopSettings(lead=lead), clock)
    shield.arm()
    sequence, own = 0, False
    commands: list[np.ndarray] = []
    for number, tick in enumerate(script):
        sequence += tick["step"]
        now = clock.now_ns()
        link.next = None if tick["none"] else Observation(
            sequence=sequence, stamp_ns=now + tick["stamp"], received_ns=now,
            values=np.array(tick["values"], np.float32),
            applied=np.array(tick["applied"], np.float32),
            applied_sequence=tick["answer"], reset=tick["reset"],
        )  # fmt: skip
        if planner.tasks:
            task = planner.tasks[-1]
            planner.next = [
                PlanRecord(
                    plan_id=number, epoch=task.epoch, observation_sequence=sequence,
                    first_sequence=sequence + tick["first"], observation_ns=now, published_ns=now,
                    actions=np.array(tick["plan"], np.float32), in_flight=task.in_flight,
                    iterations=1, returns=tick["returns"],
                )
            ]  # fmt: skip
        before = commands[-1:]
        shield.tick(number, now)
        commands = [command.values for command in link.commands]
        own = own if link.next is None else tick["answer"] < 0
        if own:  # what the robot does by itself counts as well, and it may be anything
            before += [np.clip(shield._intake.applied, -1, 1), bound.safe_action]
        assert not before or any(near(commands[-1], other, step) for other in before)
        clock.sleep_until(now + round(DT * 1e9) + tick["late_ms"] * 10**6)
    last = shield.last_word()

    np.testing.assert_array_equal(last, bound.safe_action)
    assert len(link.commands) >= len(script)
    for command in link.commands:
        assert np.isfinite(command.values).all()
        assert (command.values >= bound.action_low).all()
        assert (command.values <= bound.action_high).all()
    last_words = [command.values for command in link.commands[len(script) - 1 :]]
    for one, other in pairwise(last_words):
        assert near(one, other, step)
    assert [command.sequence for command in link.commands] == list(range(len(link.commands)))


@given(wanted=values, start=values, low=st.floats(-2, 0, width=32), high=st.floats(0, 2, width=32))
def test_the_guard_alone(wanted: list, start: list, low: float, high: float) -> None:
    bound = limits(
        action_low=np.full(A, low, np.float32),
        action_high=np.full(A, high, np.float32),
        safe_action=np.zeros(A, np.float32),
    )
    guard = CommandGuard(bound)
    guard.start_from(np.array(start, np.float32))
    before = guard.last
    command = guard(np.array(wanted, np.float32))
    assert np.isfinite(command).all()
    assert (command >= bound.action_low).all()
    assert (command <= bound.action_high).all()
    assert (np.abs(command - before) <= bound.action_step + 2.4e-7).all()
    inside = np.clip(np.nan_to_num(np.array(wanted, np.float32), nan=99), low, high)
    reachable = np.isfinite(wanted) & (np.abs(inside - before) < 0.5)
    np.testing.assert_array_equal(command[reachable], inside[reachable])
