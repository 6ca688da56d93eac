"""When a perturbation acts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from robots.errors import RobotError
from robots.perturbations.numbers import finite, format_number

__all__ = ["Schedule", "first_step"]


_LATEST = 1e6  # s


@dataclass(frozen=True)
class Schedule:
    """On from `onset` until `end`, in seconds from the start of the episode.

    Attributes:
        onset: when it switches on [s]; None: none was given, it acts from the start.
        end: when it switches off [s]; None: never. Needs an onset.

    Raises:
        RobotError: a time is negative, not finite or beyond a million seconds, or the end is not
            after the onset.
    """

    onset: float | None = None
    end: float | None = None

    def __post_init__(self) -> None:
        for name, time in (("onset", self.onset), ("end", self.end)):
            if time is not None and not finite(time, 0.0, _LATEST):
                raise RobotError(
                    f"schedule: {name} {time} s is not allowed; allowed: 0 to {_LATEST:.0f} s"
                )
        if self.end is not None and (self.onset is None or self.end <= self.onset):
            begins = "no onset" if self.onset is None else f"onset {self.onset} s"
            raise RobotError(
                f"schedule: end {self.end} s with {begins}; allowed: an end after an onset"
            )

    def active(self, step: int, dt: float) -> bool:
        """Whether it acts during control step `step` (the first is 0) of `dt` seconds."""
        begun = self.onset is None or step >= first_step(self.onset, dt)
        return begun and (self.end is None or step < first_step(self.end, dt))

    def delayed_by(self, seconds: float) -> Schedule:
        """The same schedule, later; one without an onset gets that onset."""
        end = None if self.end is None else self.end + seconds
        return Schedule((self.onset or 0.0) + seconds, end)

    def __str__(self) -> str:
        if self.onset is None:
            return ""
        end = "" if self.end is None else f"-{format_number(self.end)}s"
        return f"@{format_number(self.onset)}s{end}"


def first_step(time: float, dt: float) -> int:
    """The first control step that begins at `time` or later."""
    # 0.15 / 0.05 is 2.9999999999999996; a millionth of a step is no time at all.
    return math.ceil(time / dt - 1e-6)
