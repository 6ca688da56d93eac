"""Delay on the way is measured, believed and planned around."""

from __future__ import annotations

from typing import Any

import numpy as np

from deploy.runtime.loop.clock import VirtualClock
from deploy.runtime.loop.flight import Flight
from deploy.runtime.loop.planner import PlannerCore
from deploy.runtime.loop.ports import LocalPlanner
from tests.deploy.runtime.loop.fakes import A, S, Voice, rig, run_logged, sled_agent
from tests.deploy.runtime.loop.faults import run


def test_the_delay_is_believed_when_it_is_seen_three_times() -> None:
    from deploy.runtime.link.base import Observation

    flight = Flight()
    for period in range(6):
        flight.send(period, period, np.full(A, period, np.float32))
        seen = Observation(
            period + 1, 0, 0, np.zeros(S, np.float32), np.zeros(A, np.float32), period - 1
        )
        assert flight.hear(seen) == ""
        assert flight.delay == (1 if period >= 3 else 0)
    acting = flight.acting(5, 3, np.full(A, -1, np.float32))
    np.testing.assert_array_equal(acting[:, 0], [4, 5, 5])
    np.testing.assert_array_equal(Flight().acting(0, 1, np.ones(A)), np.ones((1, A)))


def test_a_delay_on_the_way_is_measured_and_planned_around() -> None:
    made = run(robot={"transport": 2}, ticks=200)
    assert made.log.records[-1].delay == 2
    plan = made.log.records[-1].plans[-1]
    assert plan.first_sequence == plan.observation_sequence + 2
    sent = np.array([command.values for command in made.robot.commands])
    number = made.log.records[-1].command_sequence
    np.testing.assert_array_equal(plan.in_flight, sent[number - 2 : number])


def test_delay_compensation_pays() -> None:
    def distance(delay: int) -> float:
        made = rig(robot={"transport": 3}, person=Voice({}), ticks=200)
        if not delay:
            made.shield._flight._measure = lambda delay: None
        run_logged(made)
        return -float(np.mean([record.reward for record in made.log.records[50:]]))

    assert distance(3) < 0.7 * distance(0)


def test_plans_go_on_from_the_one_before() -> None:
    """A planner that is a tick late shifts its plan by two."""
    clock = VirtualClock()
    agent = sled_agent()
    shifts = []
    act = agent.act

    def spy(*args: Any, **options: Any) -> Any:
        shifts.append(options["shifts"])
        return act(*args, **options)

    agent.act = spy
    planner = LocalPlanner(PlannerCore(agent, clock, timed=False))
    rig(
        lambda o: [] if o.sequence == 30 else [(0, o)], planner=planner, clock=clock, ticks=40
    ).run()
    assert shifts.count(2) == 1
    assert set(shifts) == {1, 2}
