"""What a setting is worth: B robots under their perturbations, planned for in one batch.

Returns depend on setting, scenarios and model alone, bit for bit on one machine: noise and start
states come from the scenarios' seeds, and torch computes on one thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from adaptive_control.episodes import Recording, run_episodes
from adaptive_control.threads import one_thread
from adaptive_control.training import LoadedModel
from adaptive_control.tune.setting import Scenario, Setting
from robots import Robot

__all__ = ["Job", "Result", "drive", "evaluate", "hopeless"]

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
        fallen: whether each robot fell.
    """

    returns: tuple[float, ...]
    roughness: tuple[float, ...]
    complete: bool
    seconds: float
    fallen: tuple[bool, ...] = ()

    @property
    def falls(self) -> int:
        """Robots that fell."""
        return sum(self.fallen)

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
    fallen: tuple[bool, ...] = ()
    complete = True
    with one_thread():
        for part in (job.scenarios[: job.first], job.scenarios[job.first :]):
            if not part:
                continue
            if returns and job.rival and hopeless(returns, job.rival):
                complete = False
                break
            recording = drive(model, robot, job.setting, part, job.steps)
            returns += tuple(_returns(recording).tolist())
            roughness += tuple(_roughness(recording, robot).tolist())
            fallen += tuple(bool(fell) for fell in recording.fallen.max(axis=0))
    return Result(returns, roughness, complete, time.perf_counter() - start, fallen)


def drive(
    model: LoadedModel,
    robot: Robot,
    setting: Setting,
    scenarios: tuple[Scenario, ...],
    steps: int,
) -> Recording:
    """Run a setting on B scenarios for T control steps."""
    return run_episodes(
        replace(model, window=setting.window),
        robot,
        [scenario.perturbation for scenario in scenarios],
        setting.parsed,
        [scenario.seed for scenario in scenarios],
        steps,
        threads=1,
    )


def _returns(recording: Recording) -> np.ndarray:
    reward = np.nan_to_num(recording.reward, nan=0.0, posinf=0.0, neginf=0.0)
    return reward.sum(axis=0, dtype=np.float64)


def _roughness(recording: Recording, robot: Robot) -> np.ndarray:
    half_range = (robot.spec.action_high - robot.spec.action_low) / 2
    change = np.diff(recording.actions, axis=0) / half_range
    return np.sqrt((change**2).mean(axis=(0, 2)))
