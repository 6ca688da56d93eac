"""The agent on a point mass whose motor is reversed halfway: written by hand, in ten lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from array_api_compat import array_namespace

from controllers import GateConfig, MPCAgent, PlannerError, Window, make_planner
from controllers.arrays import like

DT = 0.1
LOW = np.array([-1.0])


def move(gain, observation, action):
    """Position and velocity `[..., 2]` after one control step with a motor of this gain."""
    xp = array_namespace(observation)
    velocity = 0.9 * observation[..., 1:] + 4 * DT * gain * action
    return xp.concat([observation[..., :1] + DT * velocity, velocity], axis=-1)


@dataclass
class MotorModel:
    """Its context is the motor's gain `[B, 1, 1]`, by least squares from the window."""

    like_array: object
    calls: list[str] = field(default_factory=list)

    def prior_context(self, batch):
        return (like(np.ones((batch, 1, 1)), self.like_array),)

    def adapt(self, window: Window):
        self.calls.append("adapt")
        xp = array_namespace(window.mask)
        change = window.next_observation[..., 1:] - 0.9 * window.observation[..., 1:]
        push = 4 * DT * window.action
        ridge = 1e-3
        top = xp.sum(window.mask * push * change, axis=1, keepdims=True) + ridge
        return (top / (xp.sum(window.mask * push**2, axis=1, keepdims=True) + ridge),)

    def predict(self, context, observation, action):
        self.calls.append("predict")
        return move(context[0], observation, action), context

    def returns(self, context, observation, actions, lookahead=None):
        xp = array_namespace(actions)
        x = observation[:, None] + xp.zeros((*actions.shape[:2], 2), dtype=actions.dtype)
        total = xp.zeros(actions.shape[:2], dtype=actions.dtype)
        for step in range(actions.shape[2]):
            x = move(context[0], x, actions[:, :, step])
            total = total - (x[..., 0] - 1) ** 2 - 0.01 * x[..., 1] ** 2
        return total


class FixedModel(MotorModel):
    """The same without adaptation."""

    def prior_context(self, batch):
        return ()

    def adapt(self, window):
        raise AssertionError("a model that cannot adapt is never asked to")

    def predict(self, context, observation, action):
        self.calls.append("predict")
        return move(1.0, observation, action), context

    def returns(self, context, observation, actions, lookahead=None):
        return super().returns((1.0,), observation, actions, lookahead)


def make_agent(model_class=MotorModel, low: Any = LOW, batch=1, window=8, **changes):
    options = {"candidates": 60, "horizon": 8, "iterations": 2, "elites": 8}
    planner = make_planner("cem", **options)
    return MPCAgent(
        model_class(low),
        planner,
        action_low=low,
        action_high=-low,
        observation_size=2,
        window=window,
        batch=batch,
        **changes,
    )


def run(agent, steps=60, reversed_at=30, batch=1, low: Any = LOW, prepare=False):
    """Positions `[steps, B]` and decisions, the motor reversed from `reversed_at` on."""
    observation = like(np.zeros((batch, 2)), low)
    positions, decisions = [], []
    for step in range(steps):
        if prepare:
            agent.prepare()
        decision = agent.act(observation)
        following = move(1.0 if step < reversed_at else -1.0, observation, decision.action)
        agent.observe(observation, decision.action, following)
        observation = following
        positions.append(np.asarray(observation[:, 0]))
        decisions.append(decision)
    return np.array(positions), decisions


def test_the_adaptive_agent_recovers_and_the_fixed_one_runs_away():
    adaptive, decisions = run(make_agent())
    fixed, _ = run(make_agent(FixedModel))
    for positions in (adaptive, fixed):
        assert np.abs(positions[20:30] - 1).max() < 0.1, "both reach the goal first"
    assert np.abs(adaptive[-8:] - 1).max() < 0.15
    assert np.abs(fixed[-8:] - 1).min() > 1.0
    after = decisions[45]
    assert after.gate_open[0]
    assert after.adapted_error[0] < 0.1 * after.prior_error[0]


def test_a_closed_gate_plans_with_the_prior():
    closed, decisions = run(make_agent(gate=GateConfig(mode="closed")))
    fixed, _ = run(make_agent(FixedModel))
    np.testing.assert_array_equal(closed, fixed)
    assert not any(decision.gate_open[0] for decision in decisions)


def test_a_model_that_does_not_adapt_costs_nothing_extra():
    agent = make_agent(FixedModel)
    run(agent, steps=5)
    assert isinstance(agent.model, FixedModel)
    assert agent.model.calls == ["predict"] * 5
    assert not agent.adapts
    assert not agent.window.mask.any()


def test_same_seed_same_actions_and_robots_do_not_depend_on_their_neighbours():
    first, second = (run(make_agent(seed=5), steps=20)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other, _ = run(make_agent(seed=6), steps=20)
    assert not np.array_equal(first, other)
    pair, _ = run(make_agent(seed=(6, 5), batch=2), steps=20, batch=2)
    np.testing.assert_allclose(pair, np.hstack([other, first]), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-2)])
def test_numpy_and_torch_agents_agree(dtype, tolerance):
    low = LOW.astype(dtype)
    tensor = torch.tensor(low)
    on_numpy, _ = run(make_agent(low=low, batch=2), steps=40, batch=2, low=low)
    agent = make_agent(low=tensor, batch=2)
    on_torch, decisions = run(agent, steps=40, batch=2, low=tensor)
    assert decisions[0].action.dtype == tensor.dtype
    np.testing.assert_allclose(on_numpy, on_torch, rtol=0, atol=tolerance)


class EchoModel(FixedModel):
    """Predicts that the newest change in its window happens again."""

    def prior_context(self, batch):
        return (np.zeros((batch, 1, 2)),)

    def adapt(self, window):
        return (window.next_observation[:, -1:] - window.observation[:, -1:],)

    def predict(self, context, observation, action):
        return observation + context[0], context


def test_a_transition_is_predicted_before_it_enters_the_window():
    agent = make_agent(EchoModel, batch=2)
    still = np.zeros((2, 2))
    assert np.isnan(agent.act(still).adapted_error).all()
    changes = [1.0, 2.0, 4.0]
    for last, change in zip([0.0, *changes], changes, strict=False):
        agent.observe(still, np.zeros((2, 1)), still + change)
        decision = agent.act(still)
        np.testing.assert_allclose(decision.prior_error, change**2)
        np.testing.assert_allclose(decision.adapted_error, (change - last) ** 2)
        assert agent.window.next_observation[0, -1, 0] == change


def test_transitions_that_do_not_count_change_nothing():
    agent = make_agent(batch=3)
    still = np.zeros((3, 2))
    moved = np.ones((3, 2))
    moved[2, 0] = np.nan
    agent.observe(still, np.ones((3, 1)), moved, valid=np.array([True, False, True]))
    assert agent.window.mask[:, -1, 0].tolist() == [1, 0, 0]
    assert agent.gate.count.tolist() == [1, 0, 0]
    assert np.isnan(agent.act(still).prior_error).tolist() == [False, True, True]


def test_resetting_one_robot_forgets_that_robot_only():
    agent = make_agent(batch=2, seed=(1, 2))
    run(agent, steps=10, batch=2)
    before = agent.plan
    agent.reset([1], seeds=[2])
    assert agent.window.mask[:, :, 0].sum(axis=1).tolist() == [8, 0]
    assert agent.gate.count.tolist() == [10, 0]
    np.testing.assert_array_equal(agent.plan.mean[0], before.mean[0])
    np.testing.assert_array_equal(agent.plan.mean[1], 0)
    fresh = make_agent(seed=2)
    ours = agent.act(np.zeros((2, 2))).action[1]
    np.testing.assert_allclose(ours, fresh.act(np.zeros((1, 2))).action[0], atol=1e-12)


def test_a_reset_robot_is_predicted_by_the_prior_again():
    agent = make_agent(EchoModel, batch=2)
    still = np.zeros((2, 2))
    agent.observe(still, np.zeros((2, 1)), still + 1.0)
    agent.act(still)
    agent.reset([1])
    agent.observe(still, np.zeros((2, 1)), still + 1.0)
    decision = agent.act(still)
    np.testing.assert_allclose(decision.prior_error, [1, 1])
    np.testing.assert_allclose(decision.adapted_error, [0, 1])


def test_resetting_everything_starts_the_same_run_again():
    agent = make_agent(seed=3)
    first, _ = run(agent)
    agent.reset(seeds=[3])
    second, _ = run(agent)
    np.testing.assert_array_equal(first, second)


def test_an_unusable_observation_keeps_the_shifted_plan():
    agent = make_agent(batch=2)
    run(agent, steps=10, batch=2)
    before = agent.plan
    observation = np.array([[np.nan, 0.0], [0.5, 0.0]])
    decision = agent.act(observation)
    np.testing.assert_array_equal(decision.action[0], before.mean[0, 1])
    assert decision.returns[0] == -np.inf
    assert np.isfinite(decision.returns[1])


def test_more_iterations_plan_better():
    def promised(iterations):
        agent = make_agent(batch=4)
        return agent.act(np.zeros((4, 2)), iterations=iterations).returns

    assert np.all(promised(8) > promised(1))


def test_preparing_changes_no_action():
    prompt, early = make_agent(batch=2, seed=5), make_agent(batch=2, seed=5)
    for start in (0, 20):  # again, after a reset that finds noise drawn ahead
        plain, _ = run(prompt, steps=20 + start, batch=2)
        prepared, _ = run(early, steps=20 + start, batch=2, prepare=True)
        np.testing.assert_array_equal(plain, prepared)
        early.prepare()
        for agent in (prompt, early):
            agent.reset([1], seeds=[start])


def test_timings_are_seconds():
    decision = run(make_agent(), steps=2)[1][-1]
    assert 0 < decision.adapt_s < 5
    assert 0 < decision.plan_s < 5


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: make_agent(seed=(1, 2)), r"seed: \(1, 2\) is not allowed; allowed: one for each"),
        (lambda: make_agent(seed=-1), "seed: -1 is not allowed; allowed: integers from 0"),
        (lambda: make_agent(window=0), "window: 0 is not allowed"),
        (lambda: make_agent().reset([1]), "robots: 1 is not allowed; allowed: 0 to 0"),
        (lambda: make_agent().act(np.zeros((1, 2)), iterations=0), "iterations: 0 is not allowed"),
    ],
)
def test_bad_input(action, message):
    with pytest.raises(PlannerError, match=message):
        action()
