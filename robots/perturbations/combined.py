"""Several perturbations of one robot, each with its schedule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from robots.errors import RobotError
from robots.perturbations.base import Perturbation, Sensing
from robots.perturbations.numbers import format_number
from robots.perturbations.schedule import Schedule, first_step
from robots.perturbations.sensors import MAX_DELAY
from robots.robot import Robot

__all__ = ["NONE", "Perturbations"]


@dataclass(frozen=True)
class Perturbations:
    """Perturbations that act together, applied in order; `str()` is the canonical text.

    Attributes:
        members: the single perturbations; none at all is the unperturbed robot.
    """

    members: tuple[Perturbation, ...] = ()

    def __str__(self) -> str:
        return "+".join(map(str, self.members)) or "none"

    @property
    def onsets(self) -> tuple[float, ...]:
        """Times at which anything switches on, off or over, sorted [s]."""
        schedules = [member.schedule for member in self.members]
        times = {s.onset for s in schedules} | {s.end for s in schedules}
        return tuple(sorted(time for time in times if time is not None))

    def switch_steps(self, dt: float) -> tuple[int, ...]:
        """Control steps, after the first, that begin with a different plant; sorted."""
        return tuple(sorted({first_step(time, dt) for time in self.onsets} - {0}))

    def active(self, step: int, dt: float) -> tuple[int, ...]:
        """Indices of the members that act during control step `step` of `dt` seconds."""
        return tuple(i for i, m in enumerate(self.members) if m.schedule.active(step, dt))

    def with_schedule(self, onset: float, end: float | None = None) -> Perturbations:
        """The same, with this schedule [s] on every member that has no onset of its own."""
        return Perturbations(
            tuple(
                member.scheduled(Schedule(onset, end)) if member.schedule.onset is None else member
                for member in self.members
            )
        )

    def delayed_by(self, seconds: float) -> Perturbations:
        """The same, every member that much later."""
        return Perturbations(
            tuple(member.scheduled(member.schedule.delayed_by(seconds)) for member in self.members)
        )

    def check(self, robot: Robot) -> None:
        """Raise `RobotError` if the robot cannot be perturbed like this."""
        for member in self.members:
            member.check(robot)
        for one, other in combinations(self.members, 2):
            if one.exclusive and one.exclusive == other.exclusive and _overlap(one, other):
                raise RobotError(
                    f"{one} and {other} act at the same time; "
                    f"allowed: one kind of {one.exclusive} at a time"
                )
        delay = self.sensing(robot, range(len(self.members))).delay * robot.spec.dt
        if delay > MAX_DELAY:
            total = format_number(round(delay, 6))
            raise RobotError(
                f"delay: {total} s in all is not allowed; allowed: at most {MAX_DELAY:g} s"
            )

    def sensing(self, robot: Robot, members: tuple[int, ...] | range) -> Sensing:
        """What these members make of the robot's sensors."""
        sensing = Sensing(bias=np.zeros(robot.spec.observation_size))
        for index in members:
            sensing = self.members[index].sense(sensing, robot)
        return sensing


def _overlap(one: Perturbation, other: Perturbation) -> bool:
    begins = max(one.schedule.onset or 0.0, other.schedule.onset or 0.0)
    ends = min(math.inf if p.schedule.end is None else p.schedule.end for p in (one, other))
    return begins < ends


NONE = Perturbations()
"""The unperturbed robot."""
