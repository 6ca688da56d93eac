from __future__ import annotations

import numpy as np
import pytest

from adaptive_control.evaluation.oracle import OracleAgent
from controllers import load_planner
from robots import Simulator


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
