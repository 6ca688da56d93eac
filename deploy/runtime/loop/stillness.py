"""Sensors that stand still: a whole observation that repeats, or one channel that does.

A robot at rest repeats itself as well, and nothing is wrong with it. So a channel is stuck only
while the others say that the robot moves; and an observation is frozen only where it froze in the
midst of a motion, or does not answer to commands that change.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["Stillness"]

LIVELY = 0.9
"""A channel that changes less often than this while the robot moves may stand still without being
stuck."""

MEMORY = 0.02
"""How fast what is usual is averaged: over about 50 observations of a robot that moves."""

STIR = 0.05
"""Part of its usual change that a channel must change by to say that the robot moves: less is the
noise of its sensor, or a motion that dies down."""

WILD = 4.0
"""Times what is usual that one change counts for at most: a blow says little of a motion."""

DRIVE = 0.01
"""Part of the range of an action that it must change by for the robot to have to move."""


class Stillness:
    """Counts identical values in a row. A sensor in motion does not repeat all its bits.

    Args:
        rest: [S], change of each channel in a control period by which no robot moves.
        span: [A], range of each action.
        frozen_after: identical observations in a row that count as frozen.
        stuck_after: identical values of one lively channel in a row that count as stuck.
    """

    def __init__(
        self, rest: np.ndarray, span: np.ndarray, frozen_after: int, stuck_after: int
    ) -> None:
        self._rest, self._drive = rest, DRIVE * span
        self._frozen_after, self._stuck_after = frozen_after, stuck_after
        self._last: np.ndarray | None = None
        self._applied = span
        self._alike = 0
        self._must_move = False
        self._same = np.zeros(rest.size, np.int64)
        self._usual = np.zeros(rest.size)
        self._lively = np.zeros(rest.size)
        self._moved = 0

    @property
    def frozen(self) -> bool:
        """Whether the newest observation is one too many without any change."""
        return self._must_move and self._alike + 1 >= self._frozen_after

    @property
    def stuck_long(self) -> bool:
        """Whether a channel has been stuck for twice as long as it takes to notice."""
        return bool((self._stuck() & (self._same + 1 >= 2 * self._stuck_after)).any())

    # Numbers beyond all bounds are found by what judges them; a warning would help nobody.

    @np.errstate(over="ignore", invalid="ignore")
    def see(self, values: np.ndarray, applied: np.ndarray, names: Sequence[str]) -> str:
        """Take in an observation [S] and what acted before it [A].

        Returns:
            What stands still that should not, "" if nothing does.
        """
        if self._last is not None:
            change = np.abs(values - self._last)
            self._count(change, bool((np.abs(applied - self._applied) > self._drive).any()))
        self._last, self._applied = values, applied
        if self.frozen:
            return f"observation: frozen for {self._alike + 1} control periods"
        stuck = self._stuck()
        if stuck.any():
            index = int(np.argmax(stuck))
            ticks = int(self._same[index]) + 1
            return f"observation: {names[index]} stuck for {ticks} control periods"
        return ""

    def _count(self, change: np.ndarray, driven: bool) -> None:
        same = change == 0
        moves = self._moves(change, ~same)
        if same.all():
            self._alike += 1
            self._must_move |= driven
        else:
            self._alike, self._must_move = 0, moves
        # A moment of rest in a motion takes one back; a robot at rest has nothing stuck.
        counted = np.maximum(0, self._same + (1 if moves else -1))
        self._same = np.where(same, counted, 0)
        if moves:
            self._learn(change, same)

    def _moves(self, change: np.ndarray, changed: np.ndarray) -> bool:
        """Whether a third of what changed did so by more than at rest."""
        stirred = change > np.maximum(self._rest, STIR * self._usual)
        return bool(changed.any() and 3 * stirred.sum() >= changed.sum())

    def _learn(self, change: np.ndarray, same: np.ndarray) -> None:
        """What is usual of a robot that moves."""
        rate = max(MEMORY, 1 / (self._moved + 1))
        known = self._moved * MEMORY >= 1
        usual = np.minimum(change, WILD * self._usual) if known else change
        averaged = self._lively + rate * (~same - self._lively)
        # Once known, a channel stays as it was while it stands still: that is the fault.
        kept = (self._lively > LIVELY) & same & known
        self._lively = np.where(kept, self._lively, averaged)
        self._usual = np.where(kept, self._usual, self._usual + rate * (usual - self._usual))
        self._moved += 1

    def _stuck(self) -> np.ndarray:
        return (self._lively > LIVELY) & (self._same + 1 >= self._stuck_after)
