"""The window: the last M transitions of each robot, to adapt from.

    slot      0      1      2      3     M = 4
            +------+------+------+------+
    reset   |  -   |  -   |  -   |  -   |    mask 0 0 0 0
            +------+------+------+------+
    t1      |  -   |  -   |  -   |  t1  |    mask 0 0 0 1
            +------+------+------+------+
    t1..t3  |  -   |  t1  |  t2  |  t3  |    mask 0 1 1 1
            +------+------+------+------+
    t1..t6  |  t3  |  t4  |  t5  |  t6  |    mask 1 1 1 1
            +------+------+------+------+

The newest transition always stands last; empty slots stand at the front, hold zeros and have mask
0. Functions are pure: they return a new window and leave the given one alone.
"""

from __future__ import annotations

from typing import NamedTuple

from array_api_compat import array_namespace, device

from controllers.arrays import Array, choose, finite_rows
from controllers.errors import require

__all__ = ["Window", "append", "clear", "empty_window", "window_length"]


class Window(NamedTuple):
    """The last M transitions of B robots.

    Attributes:
        observation: `[B, M, S]`.
        action: `[B, M, A]`, the action that was *applied*.
        next_observation: `[B, M, S]`.
        mask: `[B, M, 1]`, 1 where the slot holds a transition, else 0.
    """

    observation: Array
    action: Array
    next_observation: Array
    mask: Array


def empty_window(
    batch: int, length: int, observation_size: int, action_size: int, reference: Array
) -> Window:
    """A window of `length` M empty slots, of the namespace, type and device of `reference`."""
    require(length >= 1, "window", length, "integers from 1")
    xp = array_namespace(reference)

    def zeros(width: int) -> Array:
        shape = (batch, length, width)
        return xp.zeros(shape, dtype=reference.dtype, device=device(reference))

    return Window(zeros(observation_size), zeros(action_size), zeros(observation_size), zeros(1))


def append(
    window: Window,
    observation: Array,
    action: Array,
    next_observation: Array,
    valid: Array | None = None,
) -> Window:
    """The window with one more transition a robot; the oldest falls out.

    Args:
        window: the window so far.
        observation: `[B, S]`.
        action: `[B, A]`, the action that was applied.
        next_observation: `[B, S]`.
        valid: `[B]` bool, robots whose transition counts (no gap, no reset between); default all.
            A robot whose transition does not count, or is not finite, keeps its window as it is.
    """
    xp = array_namespace(window.mask)
    usable = finite_rows(observation, action, next_observation)
    if valid is not None:
        usable = usable & valid
    mask = xp.ones_like(window.mask[:, 0])
    entries = (observation, action, next_observation, mask)
    moved = (
        xp.concat([slots[:, 1:], entry[:, None]], axis=1)
        for slots, entry in zip(window, entries, strict=True)
    )
    return Window(*(choose(usable, new, old) for new, old in zip(moved, window, strict=True)))


def clear(window: Window, which: Array) -> Window:
    """The window with all slots emptied of the robots where `which` `[B]` bool holds."""
    xp = array_namespace(window.mask)
    return Window(*(choose(which, xp.zeros_like(slots), slots) for slots in window))


def window_length(window: Window) -> Array:
    """Transitions that each robot's window holds, `[B]`."""
    return array_namespace(window.mask).sum(window.mask[:, :, 0], axis=1)
