"""Which messages end a control period.

A robot reports at a rate of its own, often many times in a control period and never quite in step
with it. The grid takes the message nearest to each end of a period:

    message ends a period   if   stamp >= end of it - gap / 2

with `gap` the usual time between messages, and follows slowly, so that a report that comes once a
period stays in the middle of its window and does not slip over its edge time and again.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PeriodGrid", "Tick"]

_FOLLOW = 0.02
"""Part of the distance to a message by which the grid moves towards it."""
_SMOOTH = 0.2
_RESTART_NS = 10**9
"""A clock that falls back this far began anew."""


@dataclass(frozen=True)
class Tick:
    """A message that ends a control period.

    Attributes:
        sequence: of the period.
        elapsed: periods since the message before that did.
        reset: the robot's clock began anew.
    """

    sequence: int
    elapsed: int
    reset: bool


class PeriodGrid:
    """Counts control periods by the stamps of messages.

    Args:
        dt_ns: control period.
    """

    def __init__(self, dt_ns: int) -> None:
        self._dt = dt_ns
        self._gap: float | None = None
        self._last: int | None = None
        self._end = 0.0
        self._sequence = 0

    def late(self, stamp_ns: int) -> bool:
        """Whether a newer message, or this one, was already there."""
        return self._last is not None and self._last - _RESTART_NS <= stamp_ns <= self._last

    def due(self, stamp_ns: int) -> bool:
        """Whether `take` would give a tick."""
        if self._last is None or stamp_ns < self._last - _RESTART_NS:
            return True
        return stamp_ns > self._last and self._steps(stamp_ns, self._last) > 0

    def take(self, stamp_ns: int) -> Tick | None:
        """The tick that a message gives, if it ends a period."""
        if self.late(stamp_ns):
            return None
        last, self._last = self._last, stamp_ns
        if last is None or stamp_ns < last:
            self._end, self._gap, self._sequence = float(stamp_ns), None, 0
            return Tick(0, 0, last is not None)
        steps, gap = self._steps(stamp_ns, last), self._usual(stamp_ns, last)
        self._gap = gap + _SMOOTH * (min(stamp_ns - last, self._dt) - gap)
        if steps < 1:
            return None
        self._end += steps * self._dt
        self._end += _FOLLOW * (stamp_ns - self._end)
        self._sequence += steps
        return Tick(self._sequence, steps, False)

    def _steps(self, stamp_ns: int, last_ns: int) -> int:
        """Periods that have ended since the last that did."""
        return int((stamp_ns - self._end + self._usual(stamp_ns, last_ns) / 2) // self._dt)

    def _usual(self, stamp_ns: int, last_ns: int) -> float:
        """The usual time between messages; of the first two, the time between them."""
        return float(min(stamp_ns - last_ns, self._dt)) if self._gap is None else self._gap
