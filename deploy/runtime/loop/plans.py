"""The newest plan that can be believed, and which of its actions is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deploy.runtime.loop.record import PlanRecord
from deploy.runtime.loop.settings import Limits, LoopSettings

__all__ = ["Choice", "PlanShelf"]


@dataclass(frozen=True, eq=False)
class Choice:
    """What the plans say for one tick.

    Attributes:
        plan: the plan followed; None without one.
        row: which of its actions; -1 without one.
        action: [A]; None without one.
        stale: why it is not fresh; "" if it is.
    """

    plan: PlanRecord | None = None
    row: int = -1
    action: np.ndarray | None = None
    stale: str = ""


class PlanShelf:
    """Keeps one plan: the newest that is whole, finite and of this epoch.

    Args:
        limits: of the robot.
        settings: of the loop.
    """

    def __init__(self, limits: Limits, settings: LoopSettings) -> None:
        self._size, self._lead = limits.action_size, settings.lead
        self.clear()

    def clear(self) -> None:
        """Forget the plan: what it was made for is over."""
        self._plan: PlanRecord | None = None
        self._refused = ""
        self._answered = -1

    def add(self, plans: Sequence[PlanRecord], epoch: int) -> None:
        """Take in plans that have arrived."""
        for plan in plans:
            if plan.epoch != epoch or plan.observation_sequence < self._answered:
                continue
            self._answered = plan.observation_sequence
            self._refused = self._fault(plan)
            if not self._refused:
                self._plan = plan

    def answers(self, sequence: int) -> bool:
        """Whether a plan, good or bad, came for this observation."""
        return self._answered >= sequence

    def choose(self, newest: int, acting: int) -> Choice:
        """The action for one tick.

        Args:
            newest: sequence of the newest usable observation.
            acting: the robot's control period in which the command will act.
        """
        plan = self._plan
        if plan is None:
            return Choice(stale=self._refused or "plan: none yet")
        # A delay that has become shorter makes a plan begin too late; its first action is nearest.
        row = max(0, acting - plan.first_sequence)
        age = newest - plan.observation_sequence
        if row >= plan.actions.shape[0]:
            return Choice(plan, stale=self._refused or f"plan: used up, {age} control periods old")
        late = f"plan: {age} control periods old" if age > self._lead else ""
        return Choice(plan, row, plan.actions[row], late and (self._refused or late))

    def _fault(self, plan: PlanRecord) -> str:
        if plan.actions.ndim != 2 or plan.actions.shape[1] != self._size:
            return f"plan: shape {plan.actions.shape}"
        if not np.isfinite(plan.actions).all():
            return "plan: not finite"
        if not plan.returns > -np.inf:
            return "plan: no candidate had a finite return"
        return ""
