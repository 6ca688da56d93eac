"""Time for the loop: the machine's monotonic clock, or one that only the loop moves.

Nothing in the loop reads the wall clock, which jumps when somebody sets it.
"""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "Grid", "MonotonicClock", "VirtualClock"]


class Clock(Protocol):
    """Nanoseconds that never go back."""

    def now_ns(self) -> int:
        """The time."""
        ...

    def sleep_until(self, due_ns: int) -> None:
        """Return at `due_ns`, at once if it has passed."""
        ...


class MonotonicClock:
    """The machine's."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def sleep_until(self, due_ns: int) -> None:
        # One sleep to an absolute deadline would do, were it not cut short by signal handlers.
        while (left := due_ns - time.monotonic_ns()) > 0:
            time.sleep(left * 1e-9)


class VirtualClock:
    """Stands still until somebody sleeps: the same run on any machine."""

    def __init__(self) -> None:
        self._now = 1_000_000_000

    def now_ns(self) -> int:
        return self._now

    def sleep_until(self, due_ns: int) -> None:
        self._now = max(self._now, due_ns)


class Grid:
    """Absolute deadlines `start + n * period`, which may follow the robot's clock.

    Sleeping a fixed time after the work adds the work to every period. Deadlines that have passed
    are skipped, not made up for: a burst of commands would hit the robot all at once.

    Args:
        start_ns: deadline of tick 0.
        period_ns: control period.
    """

    SLEW = 0.02, 0.005
    """Greatest shift of the grid in a tick, to earlier and to later, in periods. A robot that is
    late for once tells nothing; one that is early was waiting for us."""

    GAIN = 0.25
    """Part of a phase error that is corrected in a tick."""

    def __init__(self, start_ns: int, period_ns: int) -> None:
        self.period_ns = period_ns
        self.tick = 0
        self.due_ns = start_ns

    def advance(self, now_ns: int) -> int:
        """Go on to the next deadline that has not passed by more than a period.

        Returns:
            Number of ticks that were skipped.
        """
        self.tick += 1
        self.due_ns += self.period_ns
        skipped = max(0, (now_ns - self.due_ns) // self.period_ns)
        self.tick += skipped
        self.due_ns += skipped * self.period_ns
        return skipped

    def follow(self, error_ns: int) -> None:
        """Shift the deadlines to come, because the robot's clock is `error_ns` behind the grid."""
        earlier, later = (part * self.period_ns for part in self.SLEW)
        self.due_ns += round(max(-earlier, min(later, self.GAIN * error_ns)))
