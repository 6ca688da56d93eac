"""From an action to what each motor is told, gently at the beginning and slack at the end.

    q  = joint target           kp = s kp           kd = damping + s (kd - damping)

`s` is the stiffness: 0 while the motors are damped, rising to 1 over `engage` seconds once commands
come, so that a robot whose joints are not yet where the first command wants them does not jump.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deploy.runtime.link.hardware.keeper import Order
from deploy.runtime.link.hardware.wiring import Wiring
from deploy.runtime.link.unitree.lowlevel import JOINTS, Drive, slot_of

__all__ = ["Drives", "Gains"]


@dataclass(frozen=True)
class Gains:
    """How stiffly joints follow, the table `[gains]`.

    Attributes:
        kp: [N m/rad].
        kd: [N m s/rad].
        damping: kd while the motors are damped [N m s/rad].
        engage: from damped to stiff [s].
        rest: at the safe action for so long, the motors are damped [s]; inf: they hold it.
    """

    kp: float
    kd: float
    damping: float
    engage: float = 1.0
    rest: float = 0.5


class Drives:
    """Keeps the stiffness.

    Args:
        wiring: joints of the actions.
        gains: how stiffly they follow.
    """

    def __init__(self, wiring: Wiring, gains: Gains) -> None:
        self._wiring, self._gains = wiring, gains
        self._slots = [slot_of(actuator.joint) for actuator in wiring.action]
        self._safe = np.array(wiring.channels.safe_action, np.float32)
        self._dt_ns = round(wiring.dt * 1e9)
        self._order: Order | None = None
        self._engaged_ns = 0
        self._resting_ns: int | None = None

    @property
    def damped(self) -> dict[int, Drive]:
        """All motors brake and hold nothing."""
        return dict.fromkeys(range(len(JOINTS)), Drive(dq=0.0, kd=self._gains.damping))

    def command(self, order: Order, now_ns: int) -> None:
        """Take a command."""
        slack = self._order is None or self._rests(now_ns)
        if not np.array_equal(np.asarray(order.values, np.float32), self._safe):
            self._resting_ns = None
        elif self._resting_ns is None:
            self._resting_ns = now_ns
        if self._rests(now_ns):
            self._order = None
            return
        if slack:
            self._engaged_ns = now_ns
        self._order = order

    def release(self) -> None:
        """No command holds any more: damped, until the next."""
        self._order, self._resting_ns = None, None

    def at(self, now_ns: int) -> dict[int, Drive]:
        """What the motors are told now, by slot."""
        drives = self.damped
        if self._order is None or self._rests(now_ns):
            return drives
        gains = self._gains
        stiffness = 1.0
        if gains.engage > 0:
            stiffness = min(1.0, max(0.0, (now_ns - self._engaged_ns) * 1e-9 / gains.engage))
        kd = gains.damping + stiffness * (gains.kd - gains.damping)
        period = self._order.period_at(now_ns, self._dt_ns)
        targets = self._wiring.targets(self._order.values, period)
        for slot, target in zip(self._slots, targets, strict=True):
            if slot is not None:
                drives[slot] = Drive(q=float(target), dq=0.0, kp=stiffness * gains.kp, kd=kd)
        return drives

    def _rests(self, now_ns: int) -> bool:
        since = self._resting_ns
        return since is not None and (now_ns - since) * 1e-9 >= self._gains.rest
