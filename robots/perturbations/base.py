"""What every perturbation is: a frozen dataclass that changes the plant or its sensors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, Self

import mujoco
import numpy as np
from numpy.typing import NDArray

from robots.errors import RobotError
from robots.perturbations.schedule import Schedule
from robots.robot import Robot

__all__ = ["Array", "Ground", "Perturbation", "Place", "Sensing"]

Array = NDArray[np.float64]


class Ground(Protocol):
    """Ground that is not flat; the same at all y."""

    def height(self, x: Any) -> Any:
        """Height above the floor at world x, any shape [m]."""
        ...


@dataclass(frozen=True)
class Place:
    """Where a perturbation acts.

    Attributes:
        onset: the torso in the world when the perturbation switched on [3] [m].
        now: the torso in the world now [3] [m].
    """

    onset: Array
    now: Array


@dataclass(frozen=True)
class Sensing:
    """What stands between the true observation and the one the robot's controller gets.

    Attributes:
        bias: added to the observation [S].
        delay: age of what is delivered, in control steps.
    """

    bias: Array
    delay: int = 0


@dataclass(frozen=True, kw_only=True)
class Perturbation(ABC):
    """A change of the plant or its sensors, with a schedule.

    A new kind overrides `kind`, `takes`, `parse`, `argument`, and whichever hooks it needs;
    `robots/perturbations/registry.py` gets one line. The hooks change a fresh copy of the nominal
    plant each time anything switches, so nothing ever has to be undone.
    """

    kind: ClassVar[str]
    """Name in the text form."""

    takes: ClassVar[str]
    """What the argument may be, for error messages."""

    exclusive: ClassVar[str] = ""
    """Of the perturbations that share this word, only one can be active at a time."""

    structure_name: ClassVar[str] = ""
    """Set by kinds that add something to the model before it is compiled (see `structure`)."""

    follows: ClassVar[bool] = False
    """Set by kinds that have to keep up with the robot (see `follow`)."""

    schedule: Schedule = field(default=Schedule())

    @classmethod
    @abstractmethod
    def parse(cls, argument: str) -> Self:
        """The perturbation that a text argument stands for; `RobotError` if it stands for none."""

    @property
    @abstractmethod
    def argument(self) -> str:
        """The argument in canonical text; `parse(p.argument) == p` but for the schedule."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.argument}{self.schedule}"

    def scheduled(self, schedule: Schedule) -> Self:
        """The same change at another time."""
        return replace(self, schedule=schedule)

    def check(self, robot: Robot) -> None:  # noqa: B027
        """Raise `RobotError` if the robot has no such joint, leg or field."""

    @classmethod
    def structure(cls, spec: mujoco.MjSpec, robot: Robot) -> None:
        """Add geometry to the model, after the robot's own; the same whatever the argument."""
        return None

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:  # noqa: B027
        """Change fields of a compiled model, a fresh copy."""

    def ground(self, place: Place) -> Ground | None:
        """The ground that `apply` lays there, if it is not flat."""
        return None

    def follow(self, model: mujoco.MjModel, qpos: Array, qvel: Array, place: Place) -> bool:
        """Keep up with the robot, after each control step, if the kind `follows`.

        Args:
            model: what `apply` changed; may be changed further, in place.
            qpos: the model's whole state, which may be changed in place [nq].
            qvel: likewise [nv].
            place: where.

        Returns:
            Whether `model` was changed.
        """
        return False

    def sense(self, sensing: Sensing, robot: Robot) -> Sensing:
        """What it makes of the sensors."""
        return sensing

    def bad(self, value: object, allowed: str) -> RobotError:
        """The error for a value of this perturbation."""
        return RobotError(f"{self.kind}: {value} is not allowed; allowed: {allowed}")
