"""The same run again, and a run planned again from its log alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.again import plan_again
from deploy.runtime.loop.clock import MonotonicClock
from deploy.runtime.loop.planner import PlannerCore
from tests.deploy.runtime.loop.fakes import Voice, rig, run_logged, sled_agent


def test_the_same_run_twice() -> None:
    runs = [rig(latency=lambda tick: tick % 7 == 3) for _ in range(2)]
    first, second = ([c.values for c in made.robot.commands] for made in runs if run_logged(made))
    np.testing.assert_array_equal(first, second)


def troubled(observation: Observation) -> Sequence[tuple[int, Observation]]:
    """Lost, late and wrong observations in one run."""
    number = observation.sequence
    if number in (20, 21):
        return []
    if number == 40:
        observation.values[0] = np.nan
    return [(int(number % 31 == 30), observation)]


@pytest.mark.parametrize("lead", [0, 1])
def test_the_same_plans(lead: int) -> None:
    made = rig(
        troubled,
        lead=lead,
        robot={"transport": lead, "gain": 0.6},
        latency=lambda tick: tick % 9 == 4,
        person=Voice({70: "arm"}),
        ticks=110,
    )
    made.run()
    core = PlannerCore(sled_agent(seed=3), MonotonicClock())
    again = list(plan_again(made.log.records, core))
    assert len(again) > 100
    assert any(plan.gate_open for plan, _ in again)
    assert any(plan.frozen for plan, _ in again)
    for plan, new in again:
        np.testing.assert_array_equal(new.actions, plan.actions)
        assert (new.gate_open, new.window) == (plan.gate_open, plan.window)


def test_another_seed_plans_something_else() -> None:
    made = rig(ticks=20)
    made.run()
    core = PlannerCore(sled_agent(), MonotonicClock(), seed=1)
    assert any(
        not np.array_equal(new.actions, plan.actions)
        for plan, new in plan_again(made.log.records, core)
    )
