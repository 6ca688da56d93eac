"""Episodes of one model, adapted or not, that plans for B robots side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from adaptive_control.episodes.recording import Recording
from adaptive_control.planning import make_agent
from adaptive_control.training.checkpoint import LoadedModel
from controllers import GateConfig, Planner
from robots import BatchSimulator, Robot
from robots.physics import Physics

__all__ = ["run_episodes"]


def run_episodes(
    model: LoadedModel,
    robot: Robot,
    perturbation: str | Sequence[str],
    planner: Planner,
    seeds: Sequence[int],
    steps: int,
    *,
    later: Sequence[tuple[int, LoadedModel]] = (),
    gate: GateConfig | None = None,
    physics: Physics | None = None,
    threads: int = 0,
    progress: Callable[[int, float], None] | None = None,
) -> Recording:
    """Run B robots side by side for T control steps; one that falls stays where it lies.

    Args:
        model: plans for all of them.
        robot: the robot.
        perturbation: text, with the times at which anything switches; of all, or of each `[B]`.
        planner: settings of the planner.
        seeds: `[B]`; seed b gives robot b its start state and its planning noise.
        steps: T.
        later: other models that take over, and from which control step on: for the model oracle
            alone, which knows what acts on the robot at each time.
        gate: when to trust adaptation; default as everywhere.
        physics: of B rows, what moves the robots; None: MuJoCo.
        threads: of the simulator; 0: one for each core.
        progress: told the steps done and the mean speed in the last of them [m/s].
    """
    batch = len(seeds)
    texts = [perturbation] * batch if isinstance(perturbation, str) else list(perturbation)
    simulator = BatchSimulator(robot, texts, seeds, threads=threads, physics=physics)
    takes_over = dict(later)
    new_agent = lambda model: make_agent(  # noqa: E731
        model.dynamics, robot.spec, planner,
        window=model.window, batch=batch, seed=seeds, gate=gate, value=model.value,
    )  # fmt: skip
    agent = new_agent(model)
    observation = simulator.reset(seeds=seeds)  # as a film will start it again
    observations, position = [observation], [simulator.position[:, 0].copy()]
    rows: list[dict[str, Any]] = []
    for step in range(steps):
        if step in takes_over:
            model = takes_over[step]
            agent = new_agent(model)
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
        if progress:
            speed = (position[-1] - position[-2]) / robot.spec.dt
            progress(step + 1, float(speed.mean()))
    return Recording.of(
        model.kind,
        {"window": model.window, "gate": asdict(agent.gate_config)},
        robot.spec.dt, seeds, observations, position, rows,
    )  # fmt: skip
