"""Episodes from a stream of transitions, as a robot's log holds them."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from adaptive_control.training.dataset import Episodes

__all__ = ["Stream", "cut"]


class Stream(Protocol):
    """Transitions, oldest first; see `deploy.runtime.log.transitions`."""

    @property
    def observation(self) -> np.ndarray:
        """`[n, S]`."""
        ...

    @property
    def action(self) -> np.ndarray:
        """`[n, A]`, as applied."""
        ...

    @property
    def next_observation(self) -> np.ndarray:
        """`[n, S]`."""
        ...

    @property
    def segment(self) -> np.ndarray:
        """`[n]`, another number wherever a transition does not begin where the last one ended."""
        ...


def cut(stream: Stream, steps: int) -> tuple[Episodes, int]:
    """The stream in pieces of `steps` transitions, and how many are left over at its end.

    A piece may hold several segments; no window and no future reaches from one into the next.

    Args:
        stream: `[n, ...]`.
        steps: T.

    Returns:
        E = n // T episodes, which may be none, and n - E T.
    """
    count = len(stream.segment) // steps

    def pieces(array: np.ndarray) -> np.ndarray:
        return array[: count * steps].reshape(count, steps, *array.shape[1:])

    episodes = Episodes(
        pieces(stream.observation), pieces(stream.action), pieces(stream.next_observation),
        pieces(stream.segment),
    )  # fmt: skip
    return episodes, len(stream.segment) - count * steps
