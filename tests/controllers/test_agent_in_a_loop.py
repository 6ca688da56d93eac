"""What a real-time loop asks of the agent: deadlines, commands in flight, missed steps, doubt."""

from __future__ import annotations

import numpy as np
import pytest

from controllers import MPCAgent, PlannerError, make_planner
from tests.controllers.test_agent import LOW, FixedModel, MotorModel, move, run


def make_agent(model=MotorModel, iterations=4, seed=0):
    planner = make_planner("cem", candidates=60, horizon=8, iterations=iterations, elites=8)
    return MPCAgent(
        model(LOW), planner, action_low=LOW, action_high=-LOW, observation_size=2, window=8,
        seed=seed,
    )  # fmt: skip


STILL = np.zeros((1, 2))


def test_a_deadline_ends_planning_after_any_iteration_but_the_first():
    asked = []

    def until(count):
        def up():
            asked.append(None)
            return len(asked) >= count

        return up

    for count in (1, 2, 3):
        asked.clear()
        decision = make_agent().act(STILL, until=until(count))
        assert decision.iterations == count
        same = make_agent(iterations=count).act(STILL)
        np.testing.assert_array_equal(decision.action, same.action)
    assert make_agent().act(STILL, until=lambda: False).iterations == 4


def test_the_plan_begins_where_the_commands_in_flight_lead():
    flying = np.array([[[0.7]], [[-0.2]]])
    ahead = make_agent(FixedModel).act(STILL, in_flight=flying)
    there = STILL
    for command in flying:
        there = move(1.0, there, command)
    np.testing.assert_allclose(ahead.action, make_agent(FixedModel).act(there).action)
    none = make_agent(FixedModel).act(STILL, in_flight=np.zeros((0, 1, 1)))
    np.testing.assert_array_equal(none.action, make_agent(FixedModel).act(STILL).action)


def test_missed_steps_shift_the_plan_further():
    agent = make_agent(FixedModel)
    agent.act(STILL)
    before = agent.plan.mean
    agent.act(np.full((1, 2), np.nan), shifts=3)  # nothing is finite: the shifted plan stays
    np.testing.assert_array_equal(agent.plan.mean[:, :5], before[:, 3:])
    with pytest.raises(PlannerError, match="shifts: -1 is not allowed"):
        agent.act(STILL, shifts=-1)


def test_without_adaptation_the_prior_plans():
    adaptive, fixed = make_agent(), make_agent(FixedModel)
    run(adaptive, steps=40)
    assert adaptive.act(STILL).gate_open[0]
    frozen = adaptive.act(STILL, adapt=False)
    assert not frozen.gate_open[0]
    adaptive.reset(seeds=[5])
    fixed.reset(seeds=[5])
    np.testing.assert_array_equal(adaptive.act(STILL, adapt=False).action, fixed.act(STILL).action)


def test_forgetting_empties_window_and_gate_and_keeps_the_plan():
    agent = make_agent()
    run(agent, steps=20)
    plan = agent.plan
    agent.forget()
    assert not agent.window.mask.any()
    assert not agent.gate.count.any()
    assert agent.plan is plan
    assert np.isnan(agent.act(STILL).prior_error[0])
