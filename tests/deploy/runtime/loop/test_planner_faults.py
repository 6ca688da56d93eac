"""A planner that is late, breaks, or plans what no robot must get, in virtual time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import SAFE, SledModel, Voice, rig, run_logged, sled_agent
from tests.deploy.runtime.loop.faults import HOLD_TICKS, ONSET, At, Broken, run

RECOVER_TICKS, SAFE_TICKS = 10, 40


# It is late, or never answers again.


@pytest.mark.parametrize("lead", [0, 1])
def test_one_overrun_follows_the_tail_of_the_last_plan(lead: int) -> None:
    made = run(
        latency=lambda tick: (1 + lead) * (tick == ONSET), lead=lead, robot={"transport": lead}
    )
    late = ONSET + lead
    assert [r.tick for r in made.log.records if r.mode is Mode.HOLD and r.tick > 5] == [late]
    held = made.log.records[late]
    assert held.plan_row == 1
    assert held.plan_age == 1 + lead
    assert made.accounts.summary()["misses"]["planner"] == 1
    assert "planner" in held.miss


def test_a_planner_that_hangs_leads_to_safe_and_stop() -> None:
    made = run(latency=lambda tick: 10**6 if tick >= ONSET else 0)
    modes = made.modes()
    assert set(modes[ONSET : ONSET + HOLD_TICKS]) == {Mode.HOLD}
    safe = ONSET + HOLD_TICKS
    assert set(modes[safe : safe + SAFE_TICKS]) == {Mode.SAFE}
    assert set(modes[safe + SAFE_TICKS + 1 :]) == {Mode.STOP}
    rows = [record.plan_row for record in made.log.records[ONSET - 1 : safe]]
    assert rows == [0, 1, 2, 3, 4, 5], "the tail, action by action"


def test_a_planner_that_comes_back_ends_safe_by_itself() -> None:
    made = run(latency=lambda tick: 12 if tick == ONSET else 0)
    modes = made.modes()
    fresh = ONSET + 12
    assert set(modes[ONSET + HOLD_TICKS : fresh + RECOVER_TICKS - 1]) == {Mode.SAFE}
    assert set(modes[fresh + RECOVER_TICKS :]) == {Mode.NOMINAL}


def test_a_planner_that_is_always_late_is_given_up() -> None:
    made = run(latency=lambda tick: 3 if tick >= ONSET else 0)
    assert made.first(Mode.SAFE).tick == ONSET + HOLD_TICKS
    assert made.modes()[-1] is Mode.STOP


def test_a_planner_that_raises_leaves_the_safe_action_as_the_last_word() -> None:
    made = rig(person=Voice({}))

    def broken() -> None:
        def post(task: Any) -> None:
            raise RuntimeError("the model broke")

        made.shield._planner.post = post

    made.session._sinks.append(At(ONSET, broken))
    with pytest.raises(RuntimeError, match="the model broke"):
        run_logged(made)
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)
    assert len(made.log.records) == ONSET + 1, "the log up to the fault"


# Its plans are wrong.


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_plan_that_is_not_finite_is_refused(value: float) -> None:
    made = rig(person=Voice({}))
    collect = made.shield._planner.collect

    def poisoned(tick: int) -> list:
        plans = collect(tick)
        if tick >= ONSET:
            for plan in plans:
                plan.actions[-1, 0] = value
        return plans

    made.shield._planner.collect = poisoned
    run_logged(made)
    safe = made.first(Mode.SAFE)
    assert (safe.tick, safe.reason) == (ONSET + HOLD_TICKS, "plan: not finite")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_candidate_is_finite(value: float) -> None:
    made = run(agent=sled_agent(model=Broken("returns", value)))
    safe = made.first(Mode.SAFE)
    assert safe.tick == ONSET + HOLD_TICKS
    assert safe.reason == "plan: no candidate had a finite return"
    assert made.modes()[-1] is Mode.STOP


def test_limits_are_kept_when_the_goal_is_out_of_reach() -> None:
    class Far(SledModel):
        def returns(
            self, context: Any, observation: Any, actions: Any, lookahead: Any = None
        ) -> Any:
            return super().returns(context, observation - np.float32(1e3), actions, lookahead)

    made = run(agent=sled_agent(model=Far()))
    commands = np.array([command.values for command in made.robot.commands[20:100]])
    assert commands.mean() > 0.7, "saturated, as far as the mean of the elites can be"
    assert commands.max() <= 1
    assert made.modes()[-1] is Mode.NOMINAL
