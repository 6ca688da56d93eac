from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.registry import make_dynamics
from adaptive_control.dynamics.rollout import returns, trajectory
from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.evaluation.oracle import OracleAgent
from adaptive_control.planning import layout_of
from controllers import PlannerError, load_planner
from robots import Simulator, get_robot
from robots.half_cheetah.caution import PITCH, unease


@pytest.mark.parametrize("fault", ["none", "actuator-gain:3=-1"])
def test_the_oracle_runs_where_random_actions_do_not(fault):
    planner = load_planner("cem:candidates=64,horizon=12,iterations=2,elites=8")

    def distance(planned: bool) -> float:
        simulator = Simulator("half-cheetah", fault, seed=1)
        agent = OracleAgent(simulator, planner, threads=1)
        rng = np.random.default_rng(0)
        for _ in range(25):
            simulator.step(agent.act() if planned else rng.uniform(-1, 1, 6))
        agent.close()
        return float(simulator.position[0])

    assert distance(planned=True) > 1.5
    assert abs(distance(planned=False)) < 1.0


class ModelAsSimulator:
    """Scores as `RolloutScorer` would, were the robot what the model says."""

    def __init__(self, model: Dynamics, first: np.ndarray, reward):
        self._model, self._first, self._reward = model, torch.from_numpy(first), reward

    def play(self, actions):
        first = self._first.expand(1, len(actions), -1)
        with torch.no_grad():
            context = self._model.prior_context(1)
            after = trajectory(self._model, context, first, torch.from_numpy(actions)[None])
        after = after[0].numpy()
        before = np.concatenate([first[0][:, None].numpy(), after[:, :-1]], axis=1)
        return self._reward(before, actions, after), after

    def close(self):
        pass


@pytest.mark.parametrize("recoverable", [True, False])
@pytest.mark.parametrize(
    "settings", ["", ",terminal=0.5", ",terminal=1,halve_every=2", ",caution=2.5"]
)
@pytest.mark.parametrize("pitch", [0.0, 1.2, 2.0])
def test_it_counts_as_a_model_that_is_right_would(settings, pitch, recoverable, monkeypatch):
    planner = load_planner(f"cem:candidates=32,horizon=6,iterations=1,elites=2{settings}")
    spec = get_robot("half-cheetah").spec
    assert spec.caution is not None
    caution = dataclasses.replace(spec.caution, recoverable=recoverable)
    robot = dataclasses.replace(
        get_robot("half-cheetah"), spec=dataclasses.replace(spec, caution=caution)
    )
    value = TerminalValue(layout_of(spec), torch.Generator().manual_seed(0))
    first = np.zeros(spec.observation_size, np.float32)
    first[PITCH] = pitch
    model = make_dynamics("mb", layout_of(spec), (16,), seed=0)
    around = torch.randn(3, 500, 24, generator=torch.Generator().manual_seed(0))
    model.fit_normalizers(
        around[0, :, :18], around[1, :, :6], around[0, :, :18] + around[2, :, :18]
    )
    agent = OracleAgent(Simulator(robot, "none", seed=1), planner, threads=1, value=value)
    agent.close()
    monkeypatch.setattr(agent, "_simulator", SimpleNamespace(true_observation=first))
    monkeypatch.setattr(agent, "_scorer", ModelAsSimulator(model, first, spec.reward))
    shape = (1, 32, 6, spec.action_size)
    actions = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    ahead = planner.lookahead
    with torch.no_grad():
        expected = returns(
            model, spec.reward, model.prior_context(1), torch.from_numpy(first)[None],
            torch.from_numpy(actions), caution=caution, charged=ahead.caution, value=value,
            terminal=ahead.terminal,
            drops=ahead.drops(32, 6),
        )  # fmt: skip
    np.testing.assert_allclose(agent._score(actions), expected, rtol=1e-4, atol=1e-3)
    assert pitch == 0 or (expected < -0.9 * caution.cost).any()  # some tip over


def test_it_expects_beyond_its_horizon_what_a_model_would():
    planner = load_planner("cem:candidates=8,horizon=2,iterations=1,elites=2,terminal=0.5")
    simulator = Simulator("half-cheetah", "none", seed=1)
    layout = layout_of(get_robot("half-cheetah").spec)
    value = TerminalValue(layout, torch.Generator().manual_seed(0))
    agent = OracleAgent(simulator, planner, threads=1, value=value)
    actions = np.random.default_rng(0).uniform(-1, 1, (1, 8, 2, 6))
    earned, ends = [], []
    for sequence in actions[0]:
        other = Simulator("half-cheetah", "none", seed=1)
        outcomes = [other.step(action) for action in sequence]
        earned.append(sum(o.reward - unease(o.observation) for o in outcomes))
        ends.append(outcomes[-1].observation)
    with torch.no_grad():
        expected = np.array(earned) + 0.5 * value(torch.tensor(np.array(ends))).numpy()
    np.testing.assert_allclose(agent._score(actions)[0], expected, rtol=1e-4, atol=1e-4)
    agent.close()


def test_it_asks_for_the_terminal_value_that_its_planner_needs():
    simulator = Simulator("half-cheetah", "none", seed=1)
    with pytest.raises(PlannerError, match=r"terminal: 0\.5 is not allowed"):
        OracleAgent(simulator, load_planner("cem:terminal=0.5"), threads=1)
