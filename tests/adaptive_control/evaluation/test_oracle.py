from __future__ import annotations

import numpy as np
import pytest
import torch

from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.evaluation.oracle import OracleAgent
from adaptive_control.planning import layout_of
from controllers import PlannerError, load_planner
from robots import RolloutScorer, Simulator, get_robot


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


def test_it_expects_beyond_its_horizon_what_a_model_would():
    planner = load_planner("cem:candidates=8,horizon=2,iterations=1,elites=2,terminal=0.5")
    simulator = Simulator("half-cheetah", "none", seed=1)
    with pytest.raises(PlannerError, match=r"terminal: 0\.5 is not allowed"):
        OracleAgent(simulator, planner, threads=1)
    layout = layout_of(get_robot("half-cheetah").spec)
    value = TerminalValue(layout, torch.Generator().manual_seed(0))
    agent = OracleAgent(simulator, planner, threads=1, value=value)
    actions = np.random.default_rng(0).uniform(-1, 1, (1, 8, 2, 6))
    scorer = RolloutScorer(simulator, 1)
    plain = scorer.score(actions[0])
    ends = []
    for sequence in actions[0]:
        other = Simulator("half-cheetah", "none", seed=1)
        for action in sequence:
            last = other.step(action).observation
        ends.append(last)
    with torch.no_grad():
        expected = plain + 0.5 * value(torch.tensor(np.array(ends))).numpy()
    np.testing.assert_allclose(agent._score(actions)[0], expected, rtol=1e-4, atol=1e-4)
    agent.close()
    scorer.close()


def test_it_drops_whom_a_model_would_drop():
    text = "cem:candidates=8,horizon=4,iterations=1,elites=2,terminal=1,halve_every=2"
    planner = load_planner(text)
    simulator = Simulator("half-cheetah", "none", seed=1)
    value = TerminalValue(
        layout_of(get_robot("half-cheetah").spec), torch.Generator().manual_seed(0)
    )
    agent = OracleAgent(simulator, planner, threads=1, value=value)
    actions = np.random.default_rng(0).uniform(-1, 1, (1, 8, 4, 6))
    scorer = RolloutScorer(simulator, 1)
    rewards, after = scorer.play(actions[0])
    with torch.no_grad():
        expected = value(torch.tensor(after)).numpy()
    left = np.argsort(rewards[:, :2].sum(1) + expected[:, 1])[-4:]
    found = agent._score(actions)[0]
    assert set(np.flatnonzero(np.isfinite(found))) == set(left)
    np.testing.assert_allclose(found[left], (rewards.sum(1) + expected[:, 3])[left], rtol=1e-5)
    agent.close()
    scorer.close()
