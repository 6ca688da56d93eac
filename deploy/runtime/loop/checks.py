"""Whether an observation can be believed, and whether it makes a transition with the one before.

Two kinds of trouble. *Late or missing*: nothing wrong with the sensors, wait a little. *Doubtful*:
the numbers themselves are wrong, so nothing must be learned from them for a while.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.settings import Limits, LoopSettings
from deploy.runtime.loop.stillness import Stillness

__all__ = ["Check", "ObservationChecker"]

JUMP_FLOOR = {"m": 0.5, "rad": 1.0, "m/s": 10.0, "rad/s": 40.0, "1": 1.0}
"""Change within a control period that no robot of this size makes, by unit: smaller changes are
never called jumps, however quiet the robot has been."""

WARM = 20
"""Changes seen before the greatest of them says what is usual."""

FORGET = 0.995
"""How the greatest change seen fades from tick to tick."""

WRONG_DT = 0.1
"""A mean period this far off, relatively, is not the one the model was trained on."""

UNEVEN_DT = 0.4
"""A single period this far off makes no transition to learn from."""

DRIFT = 2e-4
"""How fast two monotonic clocks may drift apart: 200 ppm, several times a quartz."""


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        blind: why the observation must not be used; "" if it may.
        doubt: why nothing must be learned from this time; "" if it may.
        fatal: why the robot must be stopped; "" if it need not.
        transition: together with the usable one just before, it is one even control period.
        age_ticks: how long ago the robot measured, in control periods.
    """

    blind: str = ""
    doubt: str = ""
    fatal: str = ""
    transition: bool = False
    age_ticks: float = 0.0


class ObservationChecker:
    """Remembers what came before, to judge what comes next.

    Args:
        limits: of the robot.
        settings: thresholds.
    """

    def __init__(self, limits: Limits, settings: LoopSettings) -> None:
        self._limits, self._settings = limits, settings
        units = limits.observation_units
        self._floor = np.array([JUMP_FLOOR.get(unit, np.inf) for unit in units], np.float32)
        self._turns = np.array([unit == "rad" for unit in units])
        self.last_measured_ns = 0
        self._start_over()

    def _start_over(self) -> None:
        size = self._limits.observation_size
        # Its clock and its count may have begun anew, too.
        self.last: Observation | None = None
        self._greatest = np.zeros(size, np.float32)
        self._changes = 0
        self._still = Stillness(size, self._settings.frozen_ticks, self._settings.stuck_ticks)
        self._offset_ns: float | None = None
        self._offset_at = 0
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
        if observation.sequence <= self._newest:
            self._previous_usable = False
            word = "duplicate" if observation.sequence == self._newest else "out of order"
            return Check(
                blind=f"observation: {word}, number {observation.sequence} after {self._newest}"
            )
        if observation.stamp_ns <= last.stamp_ns:
            self._previous_usable = False
            return Check(blind="observation: its stamp is not newer than the one before")
        return self._contents(observation, now_ns, last)

    def _contents(self, observation: Observation, now_ns: int, last: Observation | None) -> Check:
        self._newest = observation.sequence
        age = self._age(observation, now_ns) / self._limits.dt_ns
        previous, self._previous_usable = self._previous_usable, False
        values = observation.values
        for what, found, size in (
            ("values", values, self._limits.observation_size),
            ("applied actions", observation.applied, self._limits.action_size),
        ):
            if found.shape != (size,):
                wrong = f"observation: {found.size} {what}, not {size}"
                return Check(blind=wrong, doubt=wrong, age_ticks=age)
        wrong = self._wrong(values, last)
        if wrong:
            return Check(blind=wrong, doubt=wrong, age_ticks=age)
        wrong = self._still.see(values, self._limits.observation_names)
        if self._still.frozen:
            return Check(blind=wrong, doubt=wrong, age_ticks=age)
        if age > self._settings.stale_ticks:
            self._accept(observation, now_ns, age, last)
            self._previous_usable = False
            return Check(blind=f"observation: {age:.1f} control periods old", age_ticks=age)
        even, period_doubt = self._period(observation, last)
        self._accept(observation, now_ns, age, last)
        if period_doubt:
            return Check(blind=period_doubt, doubt=period_doubt, age_ticks=age)
        stuck = wrong if self._still.stuck_long else ""
        self._previous_usable = True
        return Check(blind=stuck, doubt=wrong, transition=previous and even, age_ticks=age)

    def _age(self, observation: Observation, now_ns: int) -> float:
        """Since the robot measured [ns], as seen against its promptest observation."""
        offset = float(observation.received_ns - observation.stamp_ns)
        if self._offset_ns is not None:
            drift = DRIFT * (observation.received_ns - self._offset_at)
            offset = min(offset, self._offset_ns + drift)
        self._offset_ns, self._offset_at = offset, observation.received_ns
        return max(0.0, now_ns - (observation.stamp_ns + offset))

    def _wrong(self, values: np.ndarray, last: Observation | None) -> str:
        """Not finite, out of range or a jump; names the first such channel."""
        names = self._limits.observation_names
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
        if last is not None and self._changes >= WARM:
            change = self._change(values, last)
            jumps = change > np.maximum(self._floor, self._settings.jump_factor * self._greatest)
            if jumps.any():
                index = int(np.argmax(jumps))
                return f"observation: {names[index]} jumped by {change[index]:g}"
        return ""

    def _change(self, values: np.ndarray, last: Observation) -> np.ndarray:
        """Size of the change of each channel [S], angles the shorter way round."""
        change = values - last.values
        turned = change - 2 * np.pi * np.round(change / (2 * np.pi))
        return np.abs(np.where(self._turns, turned, change))

    def _period(self, observation: Observation, last: Observation | None) -> tuple[bool, str]:
        """Whether exactly one even control period lies between, and what is wrong with them."""
        if last is None:
            return False, ""
        count = observation.sequence - last.sequence
        if count <= 0:  # it counts anew since a start that could not be used
            return False, ""
        ratio = (observation.stamp_ns - last.stamp_ns) / (count * self._limits.dt_ns)
        self._mean_period += 0.05 * (min(ratio, 4.0) - self._mean_period)
        doubt = ""
        if self._changes >= WARM and abs(self._mean_period - 1) > WRONG_DT:
            period = self._mean_period * self._limits.dt
            doubt = f"observation: control period {period:.4g} s, not {self._limits.dt:g} s"
        return count == 1 and abs(ratio - 1) <= UNEVEN_DT, doubt

    def _accept(
        self, observation: Observation, now_ns: int, age: float, last: Observation | None
    ) -> None:
        if last is not None:
            self._greatest = np.maximum(
                FORGET * self._greatest, self._change(observation.values, last)
            )
            self._changes += 1
        self.last = observation
        self.last_measured_ns = now_ns - round(age * self._limits.dt_ns)
