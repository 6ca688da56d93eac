"""Commands in flight: sent, and not yet acting when the observation was made.

A plan begins where the robot will be when its first action acts. To know that, one must know what
was sent before and how many control periods a command takes, which the robot's answers tell: each
observation names the command behind the action that was applied.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from deploy.runtime.link.base import Observation

__all__ = ["MOST_IN_FLIGHT", "Flight"]

MOST_IN_FLIGHT = 8
"""Control periods between an observation and the first action of its plan, at most."""

AGREE = 3
"""Answers in a row that must show another delay before it is believed."""

DEAF = 10
"""Answers in a row under the robot's own safe action, though it is commanded, until we believe that
it does not hear us: were it to hear us again, it would move without anybody having armed it."""

BESIDE = 2
"""Commands after the one that is answered that may have acted in the same period."""

SLACK = 1e-3
"""Part of its size, or of 1, that what the motors were given may be off what was sent: rounding."""


@dataclass(frozen=True, eq=False)
class _Sent:
    sequence: int
    period: int
    values: np.ndarray


class Flight:
    """What was sent, and how long it takes to act.

    Args:
        valid_ticks: control periods for which the robot may go on with a command.
        safe_action: [A], what the robot does without one.
    """

    def __init__(self, valid_ticks: float = 0.0, safe_action: np.ndarray | None = None) -> None:
        self._sent: deque[_Sent] = deque(maxlen=64)
        self._safe = safe_action
        self._longest = MOST_IN_FLIGHT + math.ceil(valid_ticks)
        self._heard = -1
        self._highest = -1
        self.delay = 0
        self._other = 0
        self._agree = 0
        self._deaf = 0

    def start_over(self) -> None:
        """Forget what was sent; the delay stays."""
        self._sent.clear()
        self._deaf = 0
        self._heard = self._highest = -1

    def send(self, sequence: int, period: int, values: np.ndarray) -> None:
        """A command [A] left while the robot was in control period `period`; -1: unknown."""
        self._sent.append(_Sent(sequence, period, values))

    def hear(self, observation: Observation) -> str:
        """Measure the delay; returns what is wrong with the answer, "" if nothing is."""
        answered = observation.applied_sequence
        news = observation.sequence > self._heard and not observation.reset
        self._heard = max(self._heard, observation.sequence)
        self._deaf = self._deaf + 1 if answered < 0 and self._sent else 0
        if answered < 0 or not self._sent:
            return ""
        if answered > self._sent[-1].sequence:
            newest = self._sent[-1].sequence
            return f"link: the robot obeys command {answered}, we sent none after {newest}"
        if news and (foreign := self._foreign(observation)):
            return foreign
        self._highest = max(self._highest, answered)
        # It acted in the period that ended with the observation; only the newest of the commands
        # that had arrived by then tells the delay, a repeated one only that none had come since.
        acted = observation.sequence - 1
        for sent in reversed(self._sent):
            if sent.sequence == answered and sent.period >= 0:
                self._measure(acted - sent.period)
                break
        return ""

    def _foreign(self, observation: Observation) -> str:
        """Why a command as old as ours was not ours; "" where it may have been.

        A robot drops what is older than what it obeys, and lets go of what has expired; so the
        command that it obeys never falls, and is never long past.
        """
        answered, acted = observation.applied_sequence, observation.sequence - 1
        if answered < self._highest:
            return f"link: the robot obeys command {answered}, after {self._highest} of ours"
        # What is older than all that is kept may be ours, until nothing so old can act any more.
        if not 0 <= self._sent[0].period < acted - self._longest:
            return ""
        oldest = min(
            (sent.sequence for sent in self._sent if sent.period >= acted - self._longest),
            default=self._sent[-1].sequence,
        )
        if answered < oldest:
            return f"link: the robot obeys command {answered}, of ours none before {oldest} can act"
        return self._other_values(observation)

    def _other_values(self, observation: Observation) -> str:
        """Why what acted is none of ours.

        "" where it lies between those of late: a link may tell the mean over a period, and a robot
        with a rate limit of its own lags behind.
        """
        answered, applied = observation.applied_sequence, observation.applied
        first, last = answered - self._longest, answered + BESIDE
        near = [sent.values for sent in self._sent if first <= sent.sequence <= last]
        near += [] if self._safe is None else [self._safe]
        if not near or applied.shape != near[0].shape or not np.isfinite(applied).all():
            return ""
        low, high = np.min(near, axis=0), np.max(near, axis=0)
        slack = SLACK * np.maximum(1.0, np.maximum(np.abs(low), np.abs(high)))
        if ((applied >= low - slack) & (applied <= high + slack)).all():
            return ""
        return f"link: the robot's motors were given other than our command {answered} said"

    @property
    def unheard(self) -> str:
        """Why we believe that the robot does not hear us; "" while it does."""
        if self._deaf < DEAF:
            return ""
        return f"link: the robot has taken its own safe action for {self._deaf} control periods"

    def _measure(self, delay: int) -> None:
        delay = max(0, min(delay, MOST_IN_FLIGHT - 2))
        if delay == self.delay:
            self._agree = 0
            return
        self._agree = self._agree + 1 if delay == self._other else 1
        self._other = delay
        if self._agree >= AGREE:
            self.delay, self._agree = delay, 0

    def acting(self, first: int, count: int, otherwise: np.ndarray) -> np.ndarray:
        """The commands that act in `count` control periods from `first` on.

        Args:
            first: control period of the robot.
            count: D, periods.
            otherwise: [A], what acts where nothing was sent.

        Returns:
            [D, A] float32. Where no command was sent in time, the robot goes on with the last.
        """
        rows = []
        for period in range(first, first + count):
            row = otherwise
            for sent in reversed(self._sent):
                if sent.period + self.delay <= period:
                    row = sent.values
                    break
            rows.append(row)
        return np.array(rows, np.float32).reshape(count, otherwise.shape[0])
