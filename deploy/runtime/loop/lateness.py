"""How long ago a robot measured, from two monotonic clocks that were never compared.

The promptest observations tell how far the clocks are apart. Several must agree: a single stamp
that is ahead would make all that come after it look late, for ever.
"""

from __future__ import annotations

from collections import deque

from deploy.runtime.link.base import Observation

__all__ = ["Lateness"]

DRIFT = 2e-4
"""How fast two monotonic clocks may drift apart: 200 ppm, several times a quartz."""

PROMPT = 3
"""Observations that must be as prompt before they say how far the clocks are apart."""

LATELY = 20
"""Observations among which these are looked for."""


class Lateness:
    """Compares stamps with times of arrival, of one connection."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=LATELY)
        self._offset_ns: float | None = None
        self._offset_at = 0

    def take(self, observation: Observation) -> None:
        """Take in one whose contents can be believed."""
        self._late.append(self._apart(observation))
        promptest = sorted(self._late)[:PROMPT][-1]
        if self._offset_ns is not None and len(self._late) > PROMPT:
            promptest = min(promptest, self._expected(observation, self._offset_ns))
        self._offset_ns, self._offset_at = promptest, observation.received_ns

    def age_ns(self, observation: Observation, now_ns: int) -> float:
        """Since the robot measured [ns]; below zero where the stamp is ahead of all others."""
        offset = self._apart(observation)
        if self._offset_ns is not None:
            offset = self._expected(observation, self._offset_ns)
        return now_ns - (observation.stamp_ns + offset)

    @staticmethod
    def _apart(observation: Observation) -> float:
        return float(observation.received_ns - observation.stamp_ns)

    def _expected(self, observation: Observation, offset: float) -> float:
        return offset + DRIFT * (observation.received_ns - self._offset_at)
