"""What the robot's answers say of who moves it: our commands, or its own safe action."""

from __future__ import annotations

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.flight import MOST_IN_FLIGHT

__all__ = ["Answers"]


class Answers:
    """Counts the answers without a command behind them."""

    def __init__(self) -> None:
        self._sent = False
        self._obeyed = False
        self._expired = False
        self._alone = 0
        self.begun = False
        """Whether the robot obeyed, or started anew, since this run first commanded it."""

    def start_over(self) -> None:
        """Commands begin anew: it takes a while until the first of them acts."""
        self._obeyed = self._expired = False
        self._alone = 0

    def send(self) -> None:
        """A command left."""
        self._sent = True

    def expire(self) -> None:
        """So much time has passed that no command sent before acts or is on its way any more."""
        self._expired = True

    def hear(self, observation: Observation) -> None:
        """Take in an answer."""
        obeys = observation.applied_sequence >= 0
        self.begun |= self._sent and (obeys or observation.reset)
        if obeys:
            self._obeyed, self._expired = True, False
        self._alone = 0 if obeys or observation.reset else self._alone + 1

    def alone(self, delay: int) -> bool:
        """Whether the robot follows its own safe action, and not because ours is on its way.

        Args:
            delay: of a command, in control periods; known once the robot has obeyed.
        """
        patience = delay if self._obeyed else MOST_IN_FLIGHT
        return self._alone > (0 if self._expired else patience)
