"""What the page can ask of the control loop; carried out between two control steps."""

from __future__ import annotations

from dataclasses import dataclass

from controllers import SamplingPlanner

__all__ = [
    "ClearPerturbations", "Command", "Pause", "Push", "Reset", "SetModels", "SetPerturbation",
    "SetPlanner", "SetSpeed", "SetWindow",
]  # fmt: skip


@dataclass(frozen=True)
class SetPlanner:
    """Plan with these settings from now on."""

    planner: SamplingPlanner


@dataclass(frozen=True)
class SetWindow:
    """Adapt from this many transitions, M."""

    window: int


@dataclass(frozen=True)
class SetModels:
    """Plan with these methods: the robot's, and its twin's if there is one."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class SetPerturbation:
    """Put one perturbation in the place of others; all else that acts goes on acting.

    Attributes:
        pattern: regular expression; what matches it as a whole ends.
        text: what acts instead; empty: nothing.
    """

    pattern: str
    text: str


@dataclass(frozen=True)
class ClearPerturbations:
    """End everything that acts."""


@dataclass(frozen=True)
class Pause:
    """Let time stand still, or go on."""

    paused: bool


@dataclass(frozen=True)
class Reset:
    """Start a new episode, from the same start state; what acts goes on acting."""


@dataclass(frozen=True)
class SetSpeed:
    """Seconds of the robot in one second of ours."""

    factor: float


@dataclass(frozen=True)
class Push:
    """Strike the torsos: an impulse in the world [N s]."""

    impulse: tuple[float, float, float]


Command = (
    SetPlanner
    | SetWindow
    | SetModels
    | SetPerturbation
    | ClearPerturbations
    | Pause
    | Reset
    | SetSpeed
    | Push
)
