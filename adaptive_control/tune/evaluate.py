"""What a setting is worth: B robots under their perturbations, planned for in one batch.

Returns depend on setting, scenarios and model alone, bit for bit on one machine: noise and start
states come from the scenarios' seeds, and torch computes on one thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch

from adaptive_control.planning import make_agent
from adaptive_control.threads import one_thread
from adaptive_control.training import LoadedModel
from adaptive_control.training.dataset import Episodes
from adaptive_control.tune.setting import Scenario, Setting
from robots import BatchSimulator, Robot

__all__ = ["Job", "Result", "evaluate", "hopeless", "run_episodes"]

_HOPELESS_ERRORS = 2.0
"""Standard errors of the paired difference by which a setting must be behind to be given up."""


@dataclass(frozen=True)
class Job:
    """One setting to evaluate.

    Attributes:
        setting: the setting.
        scenarios: `[B]`.
        steps: T.
        first: robots after which a hopeless setting is given up; B to never ask.
        rival: `[B]` returns of the setting to be compared with there, on the same scenarios; empty
            if there is none.
    """

    setting: Setting
    scenarios: tuple[Scenario, ...]
    steps: int
    first: int
    rival: tuple[float, ...] = ()


@dataclass(frozen=True)
class Result:
    """What came of a job.

    Attributes:
        returns: reward summed over the episode, of each robot that ran.
        roughness: root mean square change of the command from one control step to the next, in
            half action ranges, of each robot; lower is smoother.
        complete: False if the setting was given up after the first robots.
        seconds: wall-clock time it took [s].
    """

    returns: tuple[float, ...]
    roughness: tuple[float, ...]
    complete: bool
    seconds: float

    @property
    def mean(self) -> float:
        """Mean return over robots."""
        return float(np.mean(self.returns))

    @property
    def mean_roughness(self) -> float:
        """Mean roughness over robots."""
        return float(np.mean(self.roughness))


def hopeless(returns: tuple[float, ...], rival: tuple[float, ...]) -> bool:
    """Whether a setting is so far behind its rival that more robots will not change it.

    Both ran on the same scenarios, so it is the differences that are averaged: the mean must be
    more than two of its standard errors below zero.

    Args:
        returns: of the setting, at least two.
        rival: of its rival, on these scenarios and perhaps more.
    """
    difference = np.asarray(returns) - np.asarray(rival[: len(returns)])
    if len(difference) < 2:
        return False
    error = difference.std(ddof=1) / len(difference) ** 0.5
    return bool(difference.mean() < -_HOPELESS_ERRORS * error)


def evaluate(model: LoadedModel, robot: Robot, job: Job) -> Result:
    """Run the job: the first robots, then, unless the setting is hopeless, the others.

    Args:
        model: what plans.
        robot: the robot.
        job: the job.
    """
    start = time.perf_counter()
    returns: tuple[float, ...] = ()
    roughness: tuple[float, ...] = ()
    complete = True
    with one_thread():
        for part in (job.scenarios[: job.first], job.scenarios[job.first :]):
            if not part:
                continue
            if returns and job.rival and hopeless(returns, job.rival):
                complete = False
                break
            earned, rough, _ = run_episodes(model, robot, job.setting, part, job.steps)
            returns += tuple(earned.tolist())
            roughness += tuple(rough.tolist())
    return Result(returns, roughness, complete, time.perf_counter() - start)


def run_episodes(
    model: LoadedModel,
    robot: Robot,
    setting: Setting,
    scenarios: tuple[Scenario, ...],
    steps: int,
) -> tuple[np.ndarray, np.ndarray, Episodes]:
    """Run B robots for T control steps; one that falls stays where it lies.

    Returns:
        Return and roughness of each robot `[B]`, and what happened; a robot that lies down starts
        a new segment at each step.
    """
    batch = len(scenarios)
    seeds = [scenario.seed for scenario in scenarios]
    simulator = BatchSimulator(robot, [s.perturbation for s in scenarios], seeds, threads=1)
    agent = make_agent(
        model.dynamics, robot.spec, setting.parsed, window=setting.window, batch=batch, seed=seeds
    )
    observation = simulator.observation
    rows: list[tuple[np.ndarray, ...]] = []
    reward = np.zeros(batch)
    lying = np.zeros(batch, dtype=np.int32)
    for _ in range(steps):
        action = agent.act(torch.from_numpy(observation)).action.numpy().astype(np.float32)
        outcome = simulator.step(action)
        agent.observe(*(torch.from_numpy(v) for v in (observation, action, outcome.observation)))
        rows.append((observation, action, outcome.observation, lying))
        reward += np.nan_to_num(outcome.reward, nan=0.0, posinf=0.0, neginf=0.0)
        lying = lying + outcome.fallen
        observation = outcome.observation
    episodes = Episodes(*(np.stack(column, axis=1) for column in zip(*rows, strict=True)))
    half_range = (robot.spec.action_high - robot.spec.action_low) / 2
    change = np.diff(episodes.action, axis=1) / half_range
    return reward, np.sqrt((change**2).mean(axis=(1, 2))), episodes
