"""A setting: everything of the controller that tuning may choose."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from controllers import SamplingPlanner, parse_planner

__all__ = ["Scenario", "Setting"]


@dataclass(frozen=True)
class Setting:
    """A planner and a window.

    Attributes:
        planner: as text, every setting spelled out (`controllers.format_planner`).
        window: M, transitions to adapt from.
    """

    planner: str
    window: int

    @property
    def parsed(self) -> SamplingPlanner:
        """The planner itself."""
        return parse_planner(self.planner)

    @property
    def kind(self) -> str:
        """Kind of planner, as users type it."""
        return self.planner.partition(":")[0]

    @property
    def key(self) -> str:
        """A name for files, the same for equal settings alone."""
        return hashlib.sha256(f"{self.planner};{self.window}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Scenario:
    """What one robot goes through: equal for all settings, so that differences are theirs.

    Attributes:
        perturbation: text, with its times.
        seed: of start state and planning noise.
    """

    perturbation: str
    seed: int
