"""What the robot is allowed to do, and what leads from one mode to the next.

NOMINAL <-> FROZEN      doubtful data suspends adaptation; `thaw_ticks` clean ticks resume it
either  <-> HOLD        no usable observation, or no fresh plan; ends with the next fresh plan
HOLD     -> SAFE        after `hold_ticks`, or where no plan is left to follow
any      -> SAFE        at once, for what no plan can help against
SAFE     -> NOMINAL     by itself only if the planner was the cause, after `recover_ticks` ticks
                        with fresh plans; never after a loss of the link or of the observations,
                        be it in one tick of the HOLD before
SAFE     -> STOP        when the safe action is reached, or the planner is given up
STOP     -> HOLD        a person arms the robot
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy.runtime.loop.record import Mode
from deploy.runtime.loop.settings import LoopSettings

__all__ = ["ModeMachine", "Situation"]


@dataclass(frozen=True)
class Situation:
    """What the shield found in one tick. Texts are reasons; empty: all is well.

    Attributes:
        fatal: why the robot must be stopped, whatever the plans say.
        blind: why there is no usable observation.
        stale: why there is no fresh plan.
        tail: the last plan still has actions to follow.
        settled: the last command was the safe action.
    """

    fatal: str = ""
    blind: str = ""
    stale: str = ""
    tail: bool = False
    settled: bool = False


class ModeMachine:
    """The mode of the shield, with its reason.

    Args:
        settings: how many ticks lead where.
    """

    FORGIVE = 0.25
    """Part of a blind tick that a good one makes up for: every other observation bad is bad."""

    def __init__(self, settings: LoopSettings) -> None:
        self._settings = settings
        self.mode = Mode.STOP
        self.reason = "not armed"
        self._clear()

    def _clear(self) -> None:
        self._latched = False
        self._blind = 0.0
        self._held = 0
        self._unseen = ""
        self._doubt_left = 0
        self._doubt = ""
        self._safe = 0
        self._fresh = 0
        self._starting = False

    @property
    def frozen(self) -> bool:
        """Whether plans must be made with the prior."""
        return self._doubt_left > 0

    def arm(self) -> None:
        """A person, or a flag that a person gave, lets the robot move."""
        self._clear()
        self.restart("armed, waiting for the first plan")

    def refuse(self, why: str) -> None:
        """A person asked to arm the robot, and it cannot be."""
        self.reason = f"arming refused: {why}"

    def restart(self, reason: str) -> None:
        """Plans are void, and new ones on their way: the last command is held meanwhile."""
        if self.mode is not Mode.SAFE:
            self._starting, self._held, self._unseen = True, 0, ""
            self._to(Mode.HOLD, reason)

    def see(self, doubt: str) -> None:
        """Take in whether this tick's data can be trusted: it decides what the planner may do."""
        if doubt:
            self._doubt, self._doubt_left = doubt, self._settings.thaw_ticks
        elif self._doubt_left:
            self._doubt_left -= 1

    def step(self, situation: Situation) -> Mode:
        """The mode of this tick."""
        if self.mode is Mode.STOP:
            return self.mode
        if self.mode is Mode.SAFE:
            self._leave_safe(situation)
            return self.mode
        if situation.fatal:
            return self._to_safe(situation.fatal, latched=True)

        settings = self._settings
        if situation.blind:
            self._blind += 1
            if self._blind > settings.hold_ticks:
                return self._to_safe(situation.blind, latched=True)
        else:
            self._blind = max(0.0, self._blind - self.FORGIVE)
        if situation.blind or situation.stale:
            self._held += 1
            # What was lost leaves the planner late as well, and is the cause of that.
            self._unseen = self._unseen or situation.blind
            reason = situation.blind or situation.stale
            if self._held > settings.hold_ticks or not (situation.tail or self._starting):
                if self._unseen and not situation.blind:
                    reason += f"; before that {self._unseen}"
                return self._to_safe(reason, latched=bool(self._unseen))
            return self._to(Mode.HOLD, self.reason if self._starting else reason)
        self._held, self._unseen, self._starting = 0, "", False
        if self.frozen:
            return self._to(Mode.FROZEN, self._doubt)
        return self._to(Mode.NOMINAL, "")

    def _leave_safe(self, situation: Situation) -> None:
        settings = self._settings
        self._safe += 1
        if situation.fatal or situation.blind:
            # Whatever led here, the robot is now unseen as well: no way back by itself.
            self._latched = True
        fresh = not (situation.fatal or situation.blind or situation.stale)
        self._fresh = self._fresh + 1 if fresh else 0
        if self._latched:
            if situation.settled:
                self._to(Mode.STOP, self.reason)
        elif self._fresh >= max(1, settings.recover_ticks):
            self._held, self._unseen, self._blind = 0, "", 0.0
            self._to(Mode.FROZEN, self._doubt) if self.frozen else self._to(Mode.NOMINAL, "")
        elif self._safe > settings.safe_ticks and situation.settled:
            self._to(Mode.STOP, self.reason)

    def _to_safe(self, reason: str, *, latched: bool) -> Mode:
        self._latched, self._safe, self._fresh, self._starting = latched, 0, 0, False
        return self._to(Mode.SAFE, reason)

    def _to(self, mode: Mode, reason: str) -> Mode:
        self.mode, self.reason = mode, reason
        return mode
