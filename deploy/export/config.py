"""What an export can be asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deploy.errors import DeployError

__all__ = ["ExportConfig"]


@dataclass(frozen=True)
class ExportConfig:
    """Write a bundle: a model and a planner that run on a robot without torch."""

    checkpoint: str = ""
    """A file that `train` wrote, or ROBOT/METHOD for a model that ships: half-cheetah/grbal."""
    out: str = "bundle"
    """Folder to write; it must not exist, or be a bundle."""
    planner: str = ""
    """Planner, as text (cem:candidates=200) or as a .toml file; empty: the robot's own. The robot
    may be given another later."""
    method: str = ""
    """Adapt by this method, which must use the checkpoint's weights; empty: by its own."""
    window: int = 0
    """Transitions to adapt from; 0: as many as in training."""
    action_rate: float = 0.0
    """Greatest change of a command, in its unit a second; 0: its whole range in a period."""

    def __post_init__(self) -> None:
        """Refuse what no bundle could hold, before anything is loaded.

        Raises:
            DeployError: names the field, its value and what is allowed.
        """
        if not 0 <= self.action_rate < math.inf:
            raise DeployError(
                f"action_rate: {self.action_rate} is not allowed; allowed: finite, from 0"
            )
