"""Collecting episodes: random actions first, then the planner on the model of the day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.planning import make_agent
from adaptive_control.suites import sample_training_perturbation
from adaptive_control.training.config import TrainConfig
from adaptive_control.training.dataset import Episodes
from controllers import Planner
from robots import BatchSimulator, Robot, parse_perturbation

__all__ = ["Collected", "collect_planned", "collect_random", "training_faults"]

Act = Callable[[np.ndarray, int], np.ndarray]
Observe = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]


@dataclass(frozen=True)
class Collected:
    """Episodes and what they earned.

    Attributes:
        episodes: E = B episodes.
        returns: `[B]`, the summed reward of each robot.
    """

    episodes: Episodes
    returns: np.ndarray


def training_faults(
    robot: Robot,
    count: int,
    steps: int,
    rng: np.random.Generator,
    perturbations: Sequence[str] = (),
    whole_share: float = TrainConfig.whole_share,
    paired_share: float = TrainConfig.paired_share,
) -> list[str]:
    """`count` draws from the robot's training perturbations.

    Half of them are there from the start, the others switch on during the episode: a controller
    meets its fault while it runs, and a window then holds transitions from before it.

    Args:
        robot: the robot.
        count: how many.
        steps: T, control steps of the episodes.
        rng: source of randomness.
        perturbations: draw from these, perturbations (with or without times of their own) or names
            of suites, each equally likely; default: from all train sides of the robot together.
        whole_share: the share of robots without a perturbation, if `perturbations` is empty.
        paired_share: of the others, those that suffer two suites' at once.
    """
    duration = steps * robot.spec.dt
    name, texts = robot.spec.name, []
    for index in range(count):
        drawn = sample_training_perturbation(name, rng, perturbations, whole_share, paired_share)
        perturbation = parse_perturbation(drawn, name)
        onset = round(float(rng.uniform(0.1, 0.8)) * duration, 2)
        if index % 2:
            perturbation = perturbation.with_schedule(onset)
        texts.append(str(perturbation))
    return texts


def collect_random(
    robot: Robot, faults: Sequence[str], steps: int, rng: np.random.Generator, threads: int
) -> Collected:
    """Episodes under correlated random actions, each robot with its own amplitude and colour.

    White noise at 20 Hz hardly moves a robot with inertia; slower, larger swings reach more of the
    state space.
    """
    batch, size = len(faults), robot.spec.action_size
    correlation = rng.uniform(0.0, 0.95, (batch, 1))
    amplitude = rng.uniform(0.3, 1.5, (batch, 1))
    noise = _CorrelatedNoise(rng, (batch, size), correlation)
    middle, half_range = _range(robot)

    def act(observation: np.ndarray, step: int) -> np.ndarray:
        return middle + half_range * amplitude * noise.next()

    return _run(robot, faults, steps, rng, threads, act, lambda *_: None)


def collect_planned(
    dynamics: Dynamics,
    robot: Robot,
    planner: Planner,
    faults: Sequence[str],
    steps: int,
    *,
    window: int,
    exploration: np.ndarray,
    rng: np.random.Generator,
    threads: int,
    watch: Callable[[int, str], None] = lambda done, figures: None,
    value: TerminalValue | None = None,
) -> Collected:
    """Episodes under the planner, all robots planned for in one batch.

    Args:
        dynamics: the model.
        robot: the robot.
        planner: the planner's settings.
        faults: perturbation text of each of the B robots.
        steps: T.
        window: M.
        exploration: `[B]`, standard deviation of the noise added to each robot's actions, as a
            share of half their range.
        rng: source of all randomness.
        threads: cores for the simulator; 0 uses all.
        watch: called every control step with the steps done and a word on the speed.
        value: the terminal value, for a planner that asks for it.
    """
    batch = len(faults)
    seed = int(rng.integers(2**31))
    agent = make_agent(
        dynamics, robot.spec, planner, window=window, batch=batch, seed=seed, value=value
    )
    correlation = np.full((batch, 1), 0.8)
    _, half_range = _range(robot)
    noise = _CorrelatedNoise(rng, (batch, robot.spec.action_size), correlation)

    def act(observation: np.ndarray, step: int) -> np.ndarray:
        watch(step, f"{batch} robots")
        action = agent.act(torch.from_numpy(observation)).action.numpy()
        return action + half_range * exploration[:, None] * noise.next()

    def observe(
        observation: np.ndarray, action: np.ndarray, following: np.ndarray, fallen: np.ndarray
    ) -> None:
        agent.observe(*(torch.from_numpy(v) for v in (observation, action, following)))
        if fallen.any():
            agent.reset(np.flatnonzero(fallen).tolist())

    return _run(robot, faults, steps, rng, threads, act, observe)


def _run(
    robot: Robot,
    faults: Sequence[str],
    steps: int,
    rng: np.random.Generator,
    threads: int,
    act: Act,
    observe: Observe,
) -> Collected:
    """Step all robots; one that falls is set back on its feet and starts a new segment."""
    spec = robot.spec
    seeds = rng.integers(2**31, size=len(faults)).tolist()
    simulator = BatchSimulator(robot, faults, seeds, threads=threads)
    observation = simulator.reset()
    segment = np.zeros(len(faults), dtype=np.int32)
    returns = np.zeros(len(faults))
    rows: list[tuple[np.ndarray, ...]] = []
    for step in range(steps):
        action = np.clip(act(observation, step), spec.action_low, spec.action_high)
        action = action.astype(np.float32)
        outcome = simulator.step(action)
        rows.append((observation, action, outcome.observation, segment.copy()))
        returns += outcome.reward
        observe(observation, action, outcome.observation, outcome.fallen)
        observation = outcome.observation
        if outcome.fallen.any():
            ids = np.flatnonzero(outcome.fallen).tolist()
            observation = observation.copy()
            observation[ids] = simulator.reset(ids)[ids]
            segment[ids] += 1
    arrays = (np.stack(column, axis=1) for column in zip(*rows, strict=True))
    return Collected(Episodes(*arrays), returns)


def _range(robot: Robot) -> tuple[np.ndarray, np.ndarray]:
    """Middle and half width of the action limits, `[A]` each."""
    low, high = robot.spec.action_low, robot.spec.action_high
    return (low + high) / 2, (high - low) / 2


class _CorrelatedNoise:
    """A first-order autoregressive process, stationary from its first value."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, ...], correlation: np.ndarray):
        self._rng, self._correlation = rng, correlation
        self._fresh = np.sqrt(1 - correlation**2)
        self._value = rng.normal(size=shape)

    def next(self) -> np.ndarray:
        value = self._value
        self._value = self._correlation * value + self._fresh * self._rng.normal(size=value.shape)
        return value
