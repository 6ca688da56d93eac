"""Changes that no robot makes: a channel that jumps, from one control period to the next.

Where periods are missing between two observations, the robot may have moved in each. What stays
where it jumped to is believed in the end: by then the robot was stopped, and a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deploy.runtime.link.base import Observation

__all__ = ["JUMP_FLOOR", "WARM", "Jumps"]

JUMP_FLOOR = {"m": 0.5, "rad": 1.0, "m/s": 10.0, "rad/s": 40.0, "1": 1.0}
"""Change within a control period that no robot of this size makes, by unit: smaller changes are
never called jumps, however quiet the robot has been."""

WARM = 20
"""Changes seen before the greatest of them says what is usual."""

FORGET = 0.995
"""How the greatest change seen fades from tick to tick."""


class Jumps:
    """Compares each observation with the last one that was accepted.

    Args:
        units: [S], of the channels; differences of angles ("rad") are taken modulo a turn.
        dt_ns: control period.
        factor: a change is a jump if it exceeds this many times the greatest seen lately.
        believe_after: observations in a row that jumped alike until they are believed.
    """

    def __init__(self, units: Sequence[str], dt_ns: int, factor: float, believe_after: int) -> None:
        self._dt_ns, self._factor, self._believe_after = dt_ns, factor, believe_after
        self._floor = np.array([JUMP_FLOOR.get(unit, np.inf) for unit in units], np.float32)
        self._turns = np.array([unit == "rad" for unit in units])
        self._greatest = np.zeros(len(units), np.float32)
        self._refused: Observation | None = None
        self._count = 0
        self._alike = 0
        self.changes = 0
        """Changes accepted."""

    def see(self, observation: Observation, last: Observation | None, names: Sequence[str]) -> str:
        """What jumped since `last`, the observation that was accepted last; "" if nothing did."""
        if last is None or self.changes < WARM:
            return ""
        change = self._change(observation, last)
        usual = np.maximum(self._floor, self._factor * self._greatest)
        # Those that were refused are no gap: a jump must not become small by being there for long.
        jumps = change > usual * max(1, self._periods(observation, last) - self._count)
        if not jumps.any():
            return ""
        before, self._refused = self._refused, observation
        self._count += 1
        near = False
        if before is not None:
            periods = self._periods(observation, before)
            near = bool((self._change(observation, before) <= usual * periods).all())
        self._alike = self._alike + 1 if near else 1
        if self._alike >= self._believe_after:
            return ""
        index = int(np.argmax(jumps))
        return f"observation: {names[index]} jumped by {change[index]:g}"

    def accept(self, observation: Observation, last: Observation | None) -> None:
        """The observation is the one that the next is compared with."""
        if last is not None:
            greatest = FORGET * self._greatest
            if not self._count:  # what was a jump says nothing of what is usual
                change = self._change(observation, last) / self._periods(observation, last)
                greatest = np.maximum(greatest, change)
            self._greatest = greatest
            self.changes += 1
        self._refused, self._count, self._alike = None, 0, 0

    def _periods(self, observation: Observation, last: Observation) -> int:
        """Control periods between two observations, at least one."""
        count = observation.sequence - last.sequence
        passed = round((observation.stamp_ns - last.stamp_ns) / self._dt_ns)
        return max(1, min(count, passed))

    def _change(self, observation: Observation, last: Observation) -> np.ndarray:
        """Size of the change of each channel [S], angles the shorter way round."""
        change = observation.values - last.values
        turned = change - 2 * np.pi * np.round(change / (2 * np.pi))
        return np.abs(np.where(self._turns, turned, change))
