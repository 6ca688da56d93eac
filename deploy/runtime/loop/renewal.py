"""A robot whose clock or count began anew without saying so.

Its computer started again, or something set the clock that its stamps come from. All that it sends
then is older than what came before, and would be refused for ever. So where refused observations
follow each other as they should, a number and a control period apart, they are believed in the end:
by then the robot was stopped, and a person decides.
"""

from __future__ import annotations

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.periods import UNEVEN_DT, period_ratio

__all__ = ["Renewal"]


class Renewal:
    """Counts observations in a row that are old, yet in order among themselves.

    Args:
        dt_ns: control period.
        believe_after: so many of them are believed.
    """

    def __init__(self, dt_ns: int, believe_after: int) -> None:
        self._dt_ns, self._believe_after = dt_ns, believe_after
        self._before: Observation | None = None
        self._count = 0

    def see(self, observation: Observation) -> bool:
        """Take in one that is older than what came before; whether its clock is believed now."""
        before, self._before = self._before, observation
        follows = before is not None and self._follows(before, observation)
        self._count = self._count + 1 if follows else 1
        return self._count >= self._believe_after

    def clear(self) -> None:
        """One came that is newer than all before: what was refused was a straggler."""
        self._before, self._count = None, 0

    def _follows(self, before: Observation, observation: Observation) -> bool:
        if observation.sequence <= before.sequence:
            return False
        return abs(period_ratio(before, observation, self._dt_ns) - 1) <= UNEVEN_DT
