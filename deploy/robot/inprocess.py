"""A link to a robot that is simulated in this process, a control period with every reading."""

from __future__ import annotations

from deploy.robot.plant import LinkedPlant
from deploy.runtime.link.address import SimulatedRobot
from deploy.runtime.link.base import Channels, Command, Observation

__all__ = ["SimulatedLink"]


class SimulatedLink:
    """Lockstep: reading ends a control period, in which the command written since has acted.

    Args:
        named: robot, perturbation, seed.
    """

    def __init__(self, named: SimulatedRobot) -> None:
        self._plant = LinkedPlant(named)
        self._command: Command | None = None
        self._begun = False

    @property
    def channels(self) -> Channels:
        """What the robot declares."""
        return self._plant.channels

    def read(self, timeout_s: float) -> Observation | None:
        """The observation at the end of the period; there is nothing to wait for."""
        if not self._begun:
            self._begun = True
            return self._plant.observation
        command, self._command = self._command, None
        return self._plant.step(command)

    def write(self, command: Command) -> None:
        """What shall act until the next reading."""
        self._command = command

    def close(self) -> None:
        """Nobody commands it any more."""
        self._command = None
        self._plant.stand()
