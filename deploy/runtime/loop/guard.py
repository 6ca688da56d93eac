"""The last thing a command passes: finite, then clip, then rate limit, in this order.

`clip` lets NaN through and a rate limit turns it into a NaN that stays; so what is not finite is
replaced first.
"""

from __future__ import annotations

import numpy as np

from deploy.runtime.loop.settings import Limits

__all__ = ["CommandGuard", "ramp"]


class CommandGuard:
    """Keeps commands finite, inside the limits, and near the one before.

    Args:
        limits: of the robot.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._last = limits.safe_action.astype(np.float32)
        self._near: np.ndarray | None = None

    @property
    def last(self) -> np.ndarray:
        """The command that passed last, [A]; before the first, the safe action."""
        return self._last

    def start_from(self, applied: np.ndarray) -> None:
        """Rate limits count from what the motors are given now, [A]."""
        self._last, self._near = self._allowed(applied), None

    def stay_near(self, acting: np.ndarray | None) -> None:
        """Rate limits count from what acts as well, for as long as that is no command of ours.

        Whichever command the robot hears first again is then near what it was doing.

        Args:
            acting: [A], what the motors are given; None: what passed last, or soon will be.
        """
        self._near = None if acting is None else self._allowed(acting)
        if self._near is not None:
            step = self._limits.action_step.astype(np.float64)
            # What lies at the limit itself may be off by rounding, and is near enough.
            if (np.abs(self._last - self._near) > 1.001 * step).any():
                self._last = self._near

    def _allowed(self, applied: np.ndarray) -> np.ndarray:
        usable = np.where(np.isfinite(applied), applied, self._limits.safe_action)
        limited = np.clip(usable, self._limits.action_low, self._limits.action_high)
        return limited.astype(np.float32)

    def __call__(self, wanted: np.ndarray) -> np.ndarray:
        """The command nearest to `wanted` [A] that may leave, [A] float32."""
        low, high = self._limits.action_low, self._limits.action_high
        # A wanted value that is no number asks for no change.
        finite = np.where(np.isfinite(wanted), wanted, self._last).astype(np.float32)
        clipped = np.clip(finite, low, high)
        step = self._limits.action_step
        # Between the last command and the clipped one, so inside the limits as both are.
        command = np.clip(clipped, self._last - step, self._last + step)
        if self._near is not None:
            command = np.clip(command, self._near - step, self._near + step)
        self._last = command.astype(np.float32)
        return self._last


def ramp(start: np.ndarray, end: np.ndarray, tick: int, ticks: int) -> np.ndarray:
    """The way from `start` to `end` [A] after `tick` of `ticks` ticks; exactly `end` at last."""
    if tick >= ticks:
        return end
    return start + (end - start) * np.float32(tick / ticks)
