"""Episodes of the simulator oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.episodes import Recording
from adaptive_control.evaluation.oracle import OracleAgent
from controllers import Planner
from robots import Robot, Simulator

__all__ = ["run_on_simulator"]


def run_on_simulator(
    robot: Robot, perturbation: str, planner: Planner, seeds: Sequence[int], steps: int,
    value: TerminalValue | None = None,
) -> Recording:  # fmt: skip
    """Run B robots for T control steps, planned with the true simulator: every model's ceiling.

    Robots run one after the other, from the same start states as on models
    (`adaptive_control.episodes.run_episodes`).
    """
    runs = [_one_on_simulator(robot, perturbation, planner, seed, steps, value) for seed in seeds]
    columns = [
        {name: np.asarray([run[2][t][name] for run in runs]) for name in runs[0][2][0]}
        for t in range(steps)
    ]
    nothing = np.full(len(seeds), np.nan)
    rows = [
        column
        | {
            "error_before": nothing,
            "error_after": nothing,
            "gate_open": np.zeros(len(seeds), dtype=bool),
            "plan_s": np.nan,
            "adapt_s": np.nan,
        }
        for column in columns
    ]
    observations = np.stack([run[0] for run in runs], axis=1)
    position = np.stack([run[1] for run in runs], axis=1)
    return Recording.of("simulator", {}, robot.spec.dt, seeds, observations, position, rows)


def _one_on_simulator(
    robot: Robot, perturbation: str, planner: Planner, seed: int, steps: int,
    value: TerminalValue | None,
) -> tuple[np.ndarray, np.ndarray, list[dict[str, Any]]]:  # fmt: skip
    """Observations `[T + 1, S]`, positions `[T + 1]` and rows of one robot."""
    simulator = Simulator(robot, perturbation, seed)
    observations, position = [simulator.reset(seed)], [float(simulator.position[0])]
    agent = OracleAgent(simulator, planner, seed=seed, threads=1, value=value)
    rows = []
    try:
        for _ in range(steps):
            action = agent.act()
            outcome = simulator.step(action)
            observations.append(outcome.observation)
            position.append(float(simulator.position[0]))
            rows.append({"actions": action, "reward": outcome.reward, "fallen": outcome.fallen})
    finally:
        agent.close()
    return np.asarray(observations), np.asarray(position), rows
