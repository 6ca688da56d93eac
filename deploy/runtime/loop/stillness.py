"""Sensors that stand still: a whole observation that repeats, or one channel that does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["Stillness"]

LIVELY = 0.9
"""A channel that changes less often than this may stand still without being stuck."""

MEMORY = 0.02
"""How fast the share of changes is averaged: over about 50 observations."""


class Stillness:
    """Counts identical values in a row. Real sensors have noise: they do not repeat all their bits.

    Args:
        size: S, channels.
        frozen_after: identical observations in a row that count as frozen.
        stuck_after: identical values of one lively channel in a row that count as stuck.
    """

    def __init__(self, size: int, frozen_after: int, stuck_after: int) -> None:
        self._frozen_after, self._stuck_after = frozen_after, stuck_after
        self._last: np.ndarray | None = None
        self._same = np.zeros(size, np.int64)
        self._lively = np.zeros(size)
        self._seen = 0

    @property
    def frozen(self) -> bool:
        """Whether the newest observation is one too many without any change."""
        return bool(self._same.min() + 1 >= self._frozen_after)

    @property
    def stuck_long(self) -> bool:
        """Whether a channel has been stuck for twice as long as it takes to notice."""
        return bool((self._stuck() & (self._same + 1 >= 2 * self._stuck_after)).any())

    def see(self, values: np.ndarray, names: Sequence[str]) -> str:
        """Take in an observation [S]; returns what stands still, "" if nothing does."""
        if self._last is not None:
            same = values == self._last
            self._same = np.where(same, self._same + 1, 0)
            rate = max(MEMORY, 1 / (self._seen + 1))
            averaged = self._lively + rate * (~same - self._lively)
            # Once known to be lively, a channel stays so while it stands still: that is the fault.
            known = (self._lively > LIVELY) & same & (self._seen * MEMORY >= 1)
            self._lively = np.where(known, self._lively, averaged)
            self._seen += 1
        self._last = values
        if self.frozen:
            return f"observation: frozen for {int(self._same.min()) + 1} control periods"
        stuck = self._stuck()
        if stuck.any():
            index = int(np.argmax(stuck))
            ticks = int(self._same[index]) + 1
            return f"observation: {names[index]} stuck for {ticks} control periods"
        return ""

    def _stuck(self) -> np.ndarray:
        return (self._lively > LIVELY) & (self._same + 1 >= self._stuck_after)
