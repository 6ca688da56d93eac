"""One simulated robot in PyBullet."""

from __future__ import annotations

from robots.bullet.untranslated import not_built
from robots.errors import RobotError
from robots.perturbations import Perturbations
from robots.physics import Physics
from robots.robot import Robot
from robots.simulator import OneRobot, resolve

__all__ = ["BulletSimulator"]


class BulletSimulator(OneRobot):
    """One robot in PyBullet: the fields, limits, rewards and perturbations of `robots.Simulator`.

    Args:
        robot: a robot, or its name.
        perturbation: perturbations, or their text; what is built into the model (terrain, pier,
            contacts) is not there in PyBullet.
        seed: of the generator that every episode's initial state is drawn from.

    Raises:
        RobotError: no such robot, it cannot be perturbed like this, or PyBullet is not installed.
    """

    def __init__(
        self, robot: str | Robot, perturbation: str | Perturbations = "none", seed: int = 0
    ):
        super().__init__(robot, perturbation, seed, _physics)

    @staticmethod
    def _resolve(
        robot: str | Robot, perturbation: str | Perturbations
    ) -> tuple[Robot, Perturbations]:
        found, perturbations = resolve(robot, perturbation)
        for member in perturbations.members:
            if member.structure_name:
                raise not_built(repr(member.kind))
        return found, perturbations


def _physics(robot: Robot) -> Physics:
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
