"""What a log can be learned from: its transitions, as the planner of that run was given them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from deploy.runtime.loop.record import TickRecord

__all__ = ["Transitions", "transitions_of"]


@dataclass(frozen=True, eq=False)
class Transitions:
    """n transitions, oldest first, fields in the bundle's order.

    Attributes:
        observation: `[n, S]` float32.
        action: `[n, A]` float32, as applied.
        next_observation: `[n, S]` float32.
        segment: `[n]` int32; within a segment each transition begins where the one before ended.
    """

    observation: np.ndarray
    action: np.ndarray
    next_observation: np.ndarray
    segment: np.ndarray

    def __len__(self) -> int:
        return len(self.segment)


def transitions_of(records: Iterable[TickRecord]) -> Transitions:
    """All of a log in which one command acted for one whole control period.

    What the loop did not learn from is left out: periods that were too long or too short, held or
    unanswered commands, observations that were missing or doubtful, and whatever reaches across a
    reset. So is what the prior and the gate made of it: the robot moved, however it was planned.

    Args:
        records: the ticks of a log, in order.
    """
    rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    segments: list[int] = []
    before: TickRecord | None = None
    segment = 0
    for record in records:
        follows = before is not None and record.sequence == before.sequence + 1
        if follows and record.transition and not record.reset:
            assert before is not None
            rows.append((before.observation, record.applied, record.observation))
            segments.append(segment)
        else:
            segment += 1
        before = record if record.fresh and record.usable else None
    if not rows:
        empty = np.zeros((0, 0), np.float32)
        return Transitions(empty, empty, empty, np.zeros(0, np.int32))
    observation, action, following = (
        np.stack(column).astype(np.float32) for column in zip(*rows, strict=True)
    )
    _, numbers = np.unique(np.array(segments), return_inverse=True)
    return Transitions(observation, action, following, numbers.astype(np.int32))
