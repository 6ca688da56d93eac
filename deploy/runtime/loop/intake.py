"""The shield's eyes: reads the link, checks what came, keeps count of the robot's time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deploy.errors import DeployError
from deploy.runtime.link.base import Observation, RobotLink
from deploy.runtime.loop.answers import Answers
from deploy.runtime.loop.checks import Check, ObservationChecker
from deploy.runtime.loop.flight import Flight
from deploy.runtime.loop.settings import Limits, LoopSettings

__all__ = ["Intake", "Sight"]

FOREIGN = 3
"""Answers in a row to commands that we never sent, until we believe that another one commands."""


@dataclass(frozen=True, eq=False)
class Sight:
    """What one tick knows of the robot.

    Attributes:
        observation: what arrived; None if nothing did.
        last: the newest usable observation so far; None before the first.
        check: what was found wrong.
        fatal: why the robot must be stopped; "" if it need not.
        period: the control period that the robot is in now.
        transition: something to learn from.
        restarted: the robot started anew; plans and memories are void.
    """

    observation: Observation | None
    last: Observation | None
    check: Check
    fatal: str
    period: int
    transition: bool
    restarted: bool

    @property
    def usable(self) -> bool:
        """The observation may be planned from."""
        return self.observation is not None and not self.check.blind

    @property
    def newest(self) -> int:
        """Sequence of the newest usable observation; -1 before the first."""
        return -1 if self.last is None else self.last.sequence


class Intake:
    """Reads and checks.

    Args:
        link: to the robot.
        limits: of the robot.
        settings: of the loop.
        flight: hears the robot's answers.
        answers: as well.
    """

    def __init__(
        self,
        link: RobotLink,
        limits: Limits,
        settings: LoopSettings,
        flight: Flight,
        answers: Answers,
    ) -> None:
        self._link, self._limits, self._settings = link, limits, settings
        self._flight, self._answers = flight, answers
        self._checker = ObservationChecker(limits, settings)
        self.broken = ""
        """Why the link is beyond waiting; "" while it works."""
        self.applied = limits.safe_action.astype(np.float32)
        """[A], what the motors were given last, as the robot says."""
        self._answered = -1
        self._foreign = 0

    def read(self, wait_s: float) -> Observation | None:
        """What has arrived."""
        if self.broken:
            return None
        try:
            return self._link.read(wait_s)
        except DeployError as error:
            self.broken = str(error)
        except OSError as error:
            self.broken = f"link: {error}"
        return None

    def judge(self, observation: Observation | None, now_ns: int) -> Sight:
        """Check what has arrived by `now_ns`."""
        check = self._checker.check(observation, now_ns)
        fatal = self.broken or check.fatal
        transition = check.transition
        restarted = False
        if observation is not None:
            self._answers.hear(observation)
            foreign = self._flight.hear(observation)
            self._foreign = self._foreign + 1 if foreign else 0
            if self._foreign >= FOREIGN:
                fatal = fatal or foreign
            fatal = fatal or self._flight.unheard
            if observation.fallen and self._fall_matters():
                fatal = fatal or "the robot has fallen"
            restarted = observation.reset or check.renewed
            transition = self._learnable(observation, check)
        last = self._checker.last
        period = -1
        if last is not None:
            elapsed = (now_ns - self._checker.last_measured_ns) / self._limits.dt_ns
            period = last.sequence + round(elapsed)
        return Sight(observation, last, check, fatal, period, transition, restarted)

    def _fall_matters(self) -> bool:
        """Whether a robot that has fallen must be stopped.

        One that is simulated is set back to its start by the first command of a new commander, so
        how it was left does not matter before.
        """
        left = self._limits.simulated and not (self._answers.begun or self._settings.readonly)
        return self._settings.stop_on_fall and not left

    def _learnable(self, observation: Observation, check: Check) -> bool:
        """Whether the period before it taught something: one command acted, all through it."""
        applied = observation.applied
        sound = applied.shape == self.applied.shape and bool(np.isfinite(applied).all())
        if sound:
            self.applied = applied
        before, self._answered = self._answered, observation.applied_sequence
        # A robot that got no command in time held the last one, or took its own safe action. While
        # we only watch, it obeys somebody else, and what it does then is as good to learn from.
        commanded = self._answered >= 0 and self._answered != before
        return check.transition and sound and (commanded or self._settings.readonly)
