"""One simulated robot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mujoco
import numpy as np

from robots.episodes import Episodes, Step
from robots.errors import RobotError
from robots.perturbations import Perturbations, parse_perturbation
from robots.physics import Physics, SinglePhysics
from robots.plant import Layout
from robots.registry import get_robot
from robots.robot import Robot

__all__ = ["OneRobot", "Simulator", "resolve"]


class OneRobot:
    """One robot in its episodes, whatever moves it: everything that simulators have in common.

    Args:
        robot: a robot, or its name.
        perturbation: perturbations, or their text; "none" is the unperturbed robot.
        seed: of the generator that every episode's initial state is drawn from.
        physics: makes what moves the robot, a single row.

    Raises:
        RobotError: there is no such robot, or it cannot be perturbed like this.
    """

    def __init__(
        self,
        robot: str | Robot,
        perturbation: str | Perturbations,
        seed: int,
        physics: Callable[[Robot], Physics],
    ):
        self.robot, self.perturbations = self._resolve(robot, perturbation)
        self._episodes = Episodes(self.robot, [seed], physics(self.robot))
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

    def ground_height(self, x: Any) -> np.ndarray:
        """Height above the floor of the ground that lies there now.

        Args:
            x: in the world, any shape [m].

        Returns:
            The same shape [m].
        """
        ground = self._episodes.ground(0)
        return np.zeros_like(x) if ground is None else ground.height(x)

    @property
    def observation(self) -> np.ndarray:
        """What the controller was told last, float32 [S]."""
        return self._episodes.observation[0]

    @property
    def true_observation(self) -> np.ndarray:
        """The same without sensor faults, float32 [S]; rewards are computed from it."""
        return self._episodes.truth[0]

    def clip(self, actions: Any) -> np.ndarray:
        """Actions as the motors get them: checked and clipped, float32, the same shape [..., A]."""
        return self._episodes.clip(actions)

    def reset(self, seed: int | None = None) -> np.ndarray:
        """Start an episode.

        Args:
            seed: of a new generator; None: the present one goes on.

        Returns:
            The first observation, float32 [S]; its mean speeds are zero.
        """
        self._episodes.reset(0, seed, self.perturbations)
        return self.observation

    def perturb(self, perturbation: str | Perturbations) -> None:
        """Replace what acts on the robot, while it runs; also in the episodes to come.

        Args:
            perturbation: all that shall act, with times from the start of the episode; what has no
                onset acts from the next control step on. "none" ends everything.

        Raises:
            RobotError: the robot cannot be perturbed like this; then nothing has changed.
        """
        _, self.perturbations = self._resolve(self.robot, perturbation)
        self._episodes.perturb(0, self.perturbations)

    def step(self, action: Any) -> Step:
        """Advance by one control period.

        Args:
            action: [A]; beyond the limits of the spec it is clipped to them.

        Returns:
            The observation, float32 [S], the reward, whether the robot has fallen, the time [s].

        Raises:
            RobotError: the action has another shape, or a value that is not finite.
        """
        observation, reward, fallen, _ = self._episodes.step(np.asarray(action)[None])
        return Step(observation[0], float(reward[0]), bool(fallen[0]), self.time)

    @staticmethod
    def _resolve(
        robot: str | Robot, perturbation: str | Perturbations
    ) -> tuple[Robot, Perturbations]:
        """The robot and its perturbations, or `RobotError` if they cannot act here."""
        return resolve(robot, perturbation)


class Simulator(OneRobot):
    """One robot in MuJoCo, under perturbations that switch while it runs.

    Args:
        robot: a robot, or its name.
        perturbation: perturbations, or their text; "none" is the unperturbed robot.
        seed: of the generator that every episode's initial state is drawn from.

    Raises:
        RobotError: there is no such robot, or it cannot be perturbed like this.
    """

    def __init__(
        self, robot: str | Robot, perturbation: str | Perturbations = "none", seed: int = 0
    ):
        super().__init__(robot, perturbation, seed, self._in_mujoco)

    def _in_mujoco(self, robot: Robot) -> SinglePhysics:
        self._physics = SinglePhysics(robot)
        return self._physics

    @property
    def model(self) -> mujoco.MjModel:
        """The plant as it is now: another object after each switch. Not to be changed."""
        return self._physics.model

    @property
    def data(self) -> mujoco.MjData:
        """Its state; as after `mj_step`, derived fields are one physics step behind."""
        return self._physics.data

    @property
    def layout(self) -> Layout:
        """The structures that `model` contains; another layout means other sizes of `data`."""
        return self._physics.layout

    def push(self, impulse: Any) -> None:
        """Strike the torso at its centre of mass: velocities jump, positions stay.

        Args:
            impulse: in the world [3] [N s].

        Raises:
            RobotError: another shape, or a value that is not finite.
        """
        impulse = np.asarray(impulse, dtype=np.float64)
        if impulse.shape != (3,) or not np.isfinite(impulse).all():
            raise RobotError(f"impulse: {impulse.tolist()} is not allowed; allowed: 3 finite N s")
        model, data = self.model, self.data
        mujoco.mj_fwdPosition(model, data)  # the factors of the mass matrix are a step behind
        torso = model.body(self.robot.torso).id
        generalised, jump = np.zeros(model.nv), np.zeros((1, model.nv))
        mujoco.mj_applyFT(model, data, impulse, np.zeros(3), data.xipos[torso], torso, generalised)
        mujoco.mj_solveM(model, data, jump, generalised[None])
        data.qvel += jump[0]


def resolve(robot: str | Robot, perturbation: str | Perturbations) -> tuple[Robot, Perturbations]:
    """The robot of that name and its perturbations, checked."""
    if isinstance(robot, str):
        robot = get_robot(robot)
    if not isinstance(perturbation, Perturbations):
        return robot, parse_perturbation(perturbation, robot)
    perturbation.check(robot)
    return robot, perturbation
