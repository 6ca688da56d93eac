"""One twin: a model, adapted or not, that plans for B robots which differ in their seeds alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np
import torch

from adaptive_control.demo.recording import Recording
from adaptive_control.planning import make_agent
from adaptive_control.training import LoadedModel
from controllers import Planner
from robots import BatchSimulator, Robot
from robots.physics import Physics

__all__ = ["run_twin"]


def run_twin(
    model: LoadedModel,
    robot: Robot,
    perturbation: str,
    planner: Planner,
    seeds: Sequence[int],
    steps: int,
    progress: Callable[[int, float], None] | None = None,
    physics: Physics | None = None,
) -> Recording:
    """Run B robots side by side for T control steps; one that falls stays where it lies.

    Args:
        model: plans for all of them.
        robot: the robot.
        perturbation: text, with the times at which anything switches.
        planner: settings of the planner.
        seeds: `[B]`; seed b gives robot b its start state and its planning noise.
        steps: T.
        progress: told the steps done and the mean speed in the last of them [m/s].
        physics: of B rows, what moves the robots; None: MuJoCo.
    """
    batch = len(seeds)
    simulator = BatchSimulator(robot, [perturbation] * batch, seeds, physics=physics)
    agent = make_agent(
        model.dynamics, robot.spec, planner, window=model.window, batch=batch, seed=seeds
    )
    observation = simulator.reset(seeds=seeds)  # as the film will start it again
    observations, position = [observation], [simulator.position[:, 0].copy()]
    rows = []
    for step in range(steps):
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
    columns = {name: np.asarray([row[name] for row in rows]) for name in rows[0]}
    return Recording(
        model=model.kind,
        agent={"window": model.window, "gate": asdict(agent.gate_config)},
        dt=robot.spec.dt,
        seeds=tuple(seeds),
        observation=np.asarray(observations),
        position=np.asarray(position),
        **columns,
    )
