"""One simulated robot in PyBullet."""

from __future__ import annotations

from typing import Any

import numpy as np

from robots.episodes import Episodes, Step
from robots.errors import RobotError
from robots.perturbations import Perturbations
from robots.robot import Robot
from robots.simulator import resolve

__all__ = ["BulletSimulator", "make_bullet_simulator"]


class BulletSimulator:
    """One robot in PyBullet: the fields, limits, rewards and perturbations of `robots.Simulator`.

    Args:
        robot: a robot, or its name.
        perturbation: perturbations, or their text; grounds that are built (terrain, pier) are not
            there in PyBullet.
        seed: of the generator that every episode's initial state is drawn from.

    Raises:
        RobotError: no such robot, it cannot be perturbed like this, or PyBullet is not installed.
    """

    def __init__(
        self, robot: str | Robot, perturbation: str | Perturbations = "none", seed: int = 0
    ):
        self.robot, self.perturbations = _resolve(robot, perturbation)
        self._episodes = Episodes(self.robot, [seed], _physics(self.robot))
        self.reset()

    @property
    def time(self) -> float:
        """Since the start of the episode [s]."""
        return float(self._episodes.time[0])

    @property
    def steps(self) -> int:
        """Control steps since the start of the episode."""
        return int(self._episodes.steps[0])

    @property
    def position(self) -> np.ndarray:
        """The torso in the world [3] [m]."""
        return self._episodes.position[0]

    @property
    def observation(self) -> np.ndarray:
        """What the controller was told last, float32 [S]."""
        return self._episodes.observation[0]

    @property
    def true_observation(self) -> np.ndarray:
        """The same without sensor faults, float32 [S]; rewards are computed from it."""
        return self._episodes.truth[0]

    def reset(self, seed: int | None = None) -> np.ndarray:
        """Start an episode; returns the first observation, float32 [S]."""
        self._episodes.reset(0, seed, self.perturbations)
        return self.observation

    def perturb(self, perturbation: str | Perturbations) -> None:
        """Replace what acts on the robot, while it runs (see `robots.Simulator.perturb`)."""
        _, self.perturbations = _resolve(self.robot, perturbation)
        self._episodes.perturb(0, self.perturbations)

    def step(self, action: Any) -> Step:
        """Advance by one control period under `action` [A] (see `robots.Simulator.step`)."""
        observation, reward, fallen, _ = self._episodes.step(np.asarray(action)[None])
        return Step(observation[0], float(reward[0]), bool(fallen[0]), self.time)


def make_bullet_simulator(
    robot: str | Robot, perturbation: str | Perturbations = "none", seed: int = 0
) -> BulletSimulator:
    """The robot in PyBullet; raises as `BulletSimulator` does."""
    return BulletSimulator(robot, perturbation, seed)


def _resolve(robot: str | Robot, perturbation: str | Perturbations) -> tuple[Robot, Perturbations]:
    found, perturbations = resolve(robot, perturbation)
    for member in perturbations.members:
        if member.structure_name:
            raise RobotError(
                f"perturbation: {member.kind!r} is not there in pybullet, "
                f"which has an even ground; allowed: everything but terrain and pier"
            )
    return found, perturbations


def _physics(robot: Robot) -> Any:
    try:
        from robots.bullet.physics import BulletPhysics
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("pybullet", "pybullet_utils"):
            raise RobotError(
                "backend: pybullet is not installed; allowed: mujoco, or install the extra "
                "`bullet` (pip install 'adaptive-control[bullet]')"
            ) from None
        raise
    return BulletPhysics(robot)
