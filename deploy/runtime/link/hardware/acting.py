"""What acted in a control period, as far as the sender can know.

A real robot does not tell which command it obeyed. It is taken to obey each from the moment it was
sent until the next one was, or until it expired, and its safe action otherwise.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

__all__ = ["Acting"]


@dataclass(frozen=True, eq=False)
class _Sent:
    sequence: int
    values: np.ndarray
    start: int
    end: int


class Acting:
    """Remembers what was sent.

    Args:
        safe: the robot's safe action, [A].
    """

    def __init__(self, safe: np.ndarray) -> None:
        self._safe = _Sent(-1, np.asarray(safe, np.float64), 0, 0)
        self._sent: deque[_Sent] = deque(maxlen=64)

    def send(self, sequence: int, values: np.ndarray, now_ns: int, valid_for_ns: int) -> None:
        """A command [A] left."""
        values = np.array(values, np.float64)
        self._sent.append(_Sent(sequence, values, now_ns, now_ns + valid_for_ns))

    def between(self, start_ns: int, end_ns: int) -> tuple[np.ndarray, int]:
        """What acted between two moments.

        Returns:
            The mean over the time, [A] float32, and the sequence of what acted longest, the newer
            of two that acted as long; -1: the safe action.
        """
        whole = end_ns - start_ns
        if whole <= 0:
            return self._safe.values.astype(np.float32), -1
        shares = self._shares(start_ns, end_ns)
        mean = np.zeros_like(self._safe.values)
        for sent, share in shares:
            mean += sent.values * (share / whole)
        longest = max(shares, key=lambda item: (item[1], item[0].sequence))
        return mean.astype(np.float32), longest[0].sequence

    def _shares(self, start_ns: int, end_ns: int) -> list[tuple[_Sent, int]]:
        shares = []
        until = end_ns
        for sent in reversed(self._sent):
            share = min(until, sent.end) - max(start_ns, sent.start)
            if share > 0:
                shares.append((sent, share))
            until = min(until, sent.start)
            if until <= start_ns:
                break
        rest = end_ns - start_ns - sum(share for _, share in shares)
        return [*shares, (self._safe, rest)]
