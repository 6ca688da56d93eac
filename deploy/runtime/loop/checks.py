"""Whether an observation can be believed, and whether it makes a transition with the one before.

Two kinds of trouble. *Late or missing*: nothing wrong with the sensors, wait a little. *Doubtful*:
the numbers themselves are wrong, so nothing must be learned from them for a while.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.jumps import JUMP_FLOOR, WARM, Jumps
from deploy.runtime.loop.lateness import Lateness
from deploy.runtime.loop.periods import UNEVEN_DT, period_ratio
from deploy.runtime.loop.renewal import Renewal
from deploy.runtime.loop.settings import Limits, LoopSettings
from deploy.runtime.loop.stillness import Stillness

__all__ = ["Check", "ObservationChecker"]

WRONG_DT = 0.1
"""A mean period this far off, relatively, is not the one the model was trained on."""

REST = 1e-4
"""Part of what no robot changes by in a control period (`JUMP_FLOOR`) that none at rest does."""

BELIEVE_AFTER = 10
"""Observations in a row that jumped alike, in value or in time, until they are believed; at least
twice `hold_ticks`, so that the robot was stopped by then."""


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        blind: why the observation must not be used; "" if it may.
        doubt: why nothing must be learned from this time; "" if it may.
        fatal: why the robot must be stopped; "" if it need not.
        transition: together with the usable one just before, it is one even control period.
        age_ticks: how long ago the robot measured, in control periods.
        renewed: its clock or its count began anew without a word.
    """

    blind: str = ""
    doubt: str = ""
    fatal: str = ""
    transition: bool = False
    age_ticks: float = 0.0
    renewed: bool = False


class ObservationChecker:
    """Remembers what came before, to judge what comes next.

    Args:
        limits: of the robot.
        settings: thresholds.
    """

    def __init__(self, limits: Limits, settings: LoopSettings) -> None:
        self._limits, self._settings = limits, settings
        floor = [JUMP_FLOOR.get(unit, 1.0) for unit in limits.observation_units]
        self._rest = REST * np.array(floor)
        self.last_measured_ns = 0
        self._start_over()

    def _start_over(self) -> None:
        limits, settings = self._limits, self._settings
        # Its clock and its count may have begun anew, too.
        self.last: Observation | None = None
        believe_after = max(BELIEVE_AFTER, 2 * settings.hold_ticks)
        self._jumps = Jumps(
            limits.observation_units, limits.dt_ns, settings.jump_factor, believe_after
        )
        span = limits.action_high - limits.action_low
        self._renewal = Renewal(limits.dt_ns, believe_after)
        self._still = Stillness(self._rest, span, settings.frozen_ticks, settings.stuck_ticks)
        self._lateness = Lateness()
        self._mean_period = 1.0
        self._previous_usable = False
        self._newest = -1

    def check(self, observation: Observation | None, now_ns: int) -> Check:
        """Judge what `read` returned at `now_ns`, our clock."""
        last = self.last
        if observation is None:
            self._previous_usable = False
            return Check(blind="observation: none arrived")
        if observation.reset or last is None:
            first = last is None
            self._start_over()
            check = self._contents(observation, now_ns, None)
            if first or self._limits.simulated:
                return check
            return Check(check.blind, check.doubt, "the robot started anew", False, 0.0)
        old = self._old(observation, last)
        if not old:
            self._renewal.clear()
            return self._contents(observation, now_ns, last)
        self._previous_usable = False
        if self._renewal.see(observation):
            self._start_over()
            check = self._contents(observation, now_ns, None)
            return replace(check, fatal="the robot's clock or count began anew", renewed=True)
        return Check(blind=f"observation: {old}")

    def _old(self, observation: Observation, last: Observation) -> str:
        """In which way it is no newer than what came before; "" if it is newer."""
        if observation.sequence == self._newest:
            return f"duplicate, number {observation.sequence} after {self._newest}"
        if observation.sequence < self._newest:
            return f"out of order, number {observation.sequence} after {self._newest}"
        if observation.stamp_ns <= last.stamp_ns:
            return "its stamp is not newer than the one before"
        return ""

    def _contents(self, observation: Observation, now_ns: int, last: Observation | None) -> Check:
        self._newest = observation.sequence
        previous, self._previous_usable = self._previous_usable, False
        wrong, stands = self._wrong(observation, last), ""
        if not wrong:
            names = self._limits.observation_names
            stands = self._still.see(observation.values, observation.applied, names)
            wrong = stands if self._still.frozen else ""
        if wrong:  # it says nothing of the clocks, either
            age = max(0.0, self._age(observation, now_ns))
            return Check(blind=wrong, doubt=wrong, age_ticks=age)
        self._lateness.take(observation)
        age = self._age(observation, now_ns)
        if age < -self._settings.stale_ticks:
            # Not the one that the next is compared with: its stamp would be older.
            return Check(blind=f"observation: its stamp is {-age:.1f} control periods ahead")
        age = max(0.0, age)
        if age > self._settings.stale_ticks:
            self._accept(observation, now_ns, age, last)
            return Check(blind=f"observation: {age:.1f} control periods old", age_ticks=age)
        even, period_doubt = self._period(observation, last)
        self._accept(observation, now_ns, age, last)
        if period_doubt:
            return Check(blind=period_doubt, doubt=period_doubt, age_ticks=age)
        self._previous_usable = True
        return Check(
            blind=stands if self._still.stuck_long else "", doubt=stands,
            transition=previous and even, age_ticks=age,
        )  # fmt: skip

    def _age(self, observation: Observation, now_ns: int) -> float:
        """Since the robot measured, in control periods."""
        return self._lateness.age_ns(observation, now_ns) / self._limits.dt_ns

    def _wrong(self, observation: Observation, last: Observation | None) -> str:
        """Of another size, not finite, out of range or a jump; names the first such channel."""
        values, names = observation.values, self._limits.observation_names
        for what, found, size in (
            ("values", values, self._limits.observation_size),
            ("applied actions", observation.applied, self._limits.action_size),
        ):
            if found.shape != (size,):
                return f"observation: {found.size} {what}, not {size}"
        finite = np.isfinite(values)
        if not finite.all():
            index = int(np.argmin(finite))
            return f"observation: {names[index]} is {values[index]}"
        low, high = self._limits.observation_low, self._limits.observation_high
        inside = (values >= low) & (values <= high)
        if not inside.all():
            index = int(np.argmin(inside))
            allowed = f"{low[index]:g} to {high[index]:g}"
            return f"observation: {names[index]} is {values[index]:g}, not within {allowed}"
        return self._jumps.see(observation, last, names)

    def _period(self, observation: Observation, last: Observation | None) -> tuple[bool, str]:
        """Whether exactly one even control period lies between, and what is wrong with them."""
        if last is None:
            return False, ""
        count = observation.sequence - last.sequence
        if count <= 0:  # it counts anew since a start that could not be used
            return False, ""
        ratio = period_ratio(last, observation, self._limits.dt_ns)
        self._mean_period += 0.05 * (min(ratio, 4.0) - self._mean_period)
        doubt = ""
        if self._jumps.changes >= WARM and abs(self._mean_period - 1) > WRONG_DT:
            period = self._mean_period * self._limits.dt
            doubt = f"observation: control period {period:.4g} s, not {self._limits.dt:g} s"
        return count == 1 and abs(ratio - 1) <= UNEVEN_DT, doubt

    def _accept(
        self, observation: Observation, now_ns: int, age: float, last: Observation | None
    ) -> None:
        self._jumps.accept(observation, last)
        self.last = observation
        self.last_measured_ns = now_ns - round(age * self._limits.dt_ns)
