"""What an export can be asked for."""

from __future__ import annotations

from dataclasses import dataclass

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
