"""Episodes of an evaluation: all seeds of one model under one perturbation, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from adaptive_control.demo.recording import Recording
from adaptive_control.evaluation.oracle import OracleAgent
from adaptive_control.planning import make_agent
from adaptive_control.training.checkpoint import LoadedModel
from controllers import GateConfig, Planner
from robots import BatchSimulator, Robot, Simulator

__all__ = ["run_on_models", "run_on_simulator"]


def run_on_models(
    models: Sequence[tuple[int, LoadedModel]],
    robot: Robot,
    perturbation: str,
    planner: Planner,
    seeds: Sequence[int],
    steps: int,
    gate: GateConfig | None = None,
) -> Recording:
    """Run B robots side by side for T control steps; one that falls stays where it lies.

    Args:
        models: from which control step on each model plans, the first from 0. More than one only
            for the model oracle, which knows what acts on the robot at each time.
        robot: the robot.
        perturbation: text, with all times.
        planner: settings of the planner.
        seeds: `[B]`; seed b gives robot b its start state and its planning noise.
        steps: T.
        gate: when to trust adaptation; default as everywhere.
    """
    batch = len(seeds)
    simulator = BatchSimulator(robot, [perturbation] * batch, seeds, threads=1)
    starts = dict(models)
    observation = simulator.reset(seeds=seeds)
    observations, position = [observation], [simulator.position[:, 0].copy()]
    rows: list[dict[str, Any]] = []
    agent, model = None, models[0][1]
    for step in range(steps):
        if step in starts:
            model = starts[step]
            agent = make_agent(
                model.dynamics, robot.spec, planner,
                window=model.window, batch=batch, seed=seeds, gate=gate,
            )  # fmt: skip
        assert agent is not None, "the first model plans from step 0"
        decision = agent.act(torch.from_numpy(observation))
        action = decision.action.numpy().astype(np.float32)
        outcome = simulator.step(action)
        agent.observe(*(torch.from_numpy(v) for v in (observation, action, outcome.observation)))
        observation = outcome.observation
        observations.append(observation)
        position.append(simulator.position[:, 0].copy())
        rows.append(
            {
                "actions": action,
                "reward": outcome.reward,
                "fallen": outcome.fallen,
                "error_before": decision.prior_error.numpy(),
                "error_after": decision.adapted_error.numpy(),
                "gate_open": decision.gate_open.numpy(),
                "plan_s": decision.plan_s,
                "adapt_s": decision.adapt_s,
            }
        )
    assert agent is not None, "there is at least one step"
    settings = {"window": model.window, "gate": asdict(agent.gate_config)}
    return _recording(model.kind, settings, robot, seeds, observations, position, rows)


def run_on_simulator(
    robot: Robot, perturbation: str, planner: Planner, seeds: Sequence[int], steps: int
) -> Recording:
    """The same, planned with the true simulator: the oracle of every model.

    Robots run one after the other, from the same start states as on models.
    """
    runs = [_one_on_simulator(robot, perturbation, planner, seed, steps) for seed in seeds]
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
    return _recording("simulator", {}, robot, seeds, observations, position, rows)


def _one_on_simulator(
    robot: Robot, perturbation: str, planner: Planner, seed: int, steps: int
) -> tuple[np.ndarray, np.ndarray, list[dict[str, Any]]]:
    """Observations `[T + 1, S]`, positions `[T + 1]` and rows of one robot."""
    simulator = Simulator(robot, perturbation, seed)
    observations, position = [simulator.reset(seed)], [float(simulator.position[0])]
    agent = OracleAgent(simulator, planner, seed=seed, threads=1)
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


def _recording(
    name: str,
    settings: dict[str, Any],
    robot: Robot,
    seeds: Sequence[int],
    observations: Any,
    position: Any,
    rows: list[dict[str, Any]],
) -> Recording:
    columns = {key: np.asarray([row[key] for row in rows]) for key in rows[0]}
    return Recording(
        model=name,
        agent=settings,
        dt=robot.spec.dt,
        seeds=tuple(seeds),
        observation=np.asarray(observations),
        position=np.asarray(position, dtype=np.float64),
        **columns,
    )
