"""The simulators that a robot can live in."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from deploy.errors import DeployError
from deploy.robot.config import BACKENDS
from robots import Robot, Simulator
from robots.episodes import Step

__all__ = ["SimulatedPlant", "make_simulator"]


class SimulatedPlant(Protocol):
    """One robot, one control period at a time."""

    @property
    def robot(self) -> Robot:
        """What it is."""
        ...

    def reset(self, seed: int | None = None) -> np.ndarray:
        """Start an episode; returns the first observation, float32 [S]."""
        ...

    def step(self, action: np.ndarray) -> Step:
        """Advance by one control period under `action` [A]."""
        ...


def make_simulator(backend: str, robot: str, perturb: str, seed: int) -> SimulatedPlant:
    """A simulated robot.

    Raises:
        DeployError: there is no such backend.
        RobotError: no such robot, it cannot be perturbed like this, or a library is missing.
    """
    if backend == "mujoco":
        return Simulator(robot, perturb, seed)
    if backend == "pybullet":
        from robots.bullet import BulletSimulator  # an optional extra

        return BulletSimulator(robot, perturb, seed)
    raise DeployError(f"backend: {backend!r}; allowed: {', '.join(BACKENDS)}")
