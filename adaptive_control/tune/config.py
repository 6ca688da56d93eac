"""What tuning can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import DEFAULT_METHOD, checked_method

__all__ = ["MAY_CHANGE", "TuneConfig"]

MAY_CHANGE = ("trials", "timeout", "resume", "out", "ray", "workers")
"""Settings that may differ when a study goes on; each of the others would make it another study."""


@dataclass(frozen=True)
class TuneConfig:
    """Find the planner that returns most within the control period.

    Every setting tried plans for the same robots under the same training perturbations, which
    switch on in mid-episode. Held-out perturbations are met only by the final check.
    """

    robot: str = "half-cheetah"
    """Robot to tune for; `adaptive-control robots` lists them."""
    model: str = DEFAULT_METHOD
    """The method that plans; `adaptive-control models` lists them."""
    checkpoint: Path | None = None
    """A checkpoint of that method in place of the one that ships."""
    out: Path | None = None
    """Folder of the study; `runs/tune-<robot>-<model>` if not given."""
    resume: bool = False
    """Go on with the study in that folder, with its settings where none are given."""

    trials: int = 96
    """Settings to evaluate, rounded up to whole generations; those too slow are not counted."""
    timeout: float | None = 2400.0
    """Begin no further generation after this long [s]; sweep, final and check still follow."""
    generation: int = 8
    """Settings chosen at once, before any of their results is known; not below --workers."""
    seed: int = 0
    """Seed of everything random."""
    workers: int = 0
    """Processes that evaluate, each on one core; 0: one for each core, at most 8. On a Ray cluster
    settings at a time; 0: as many as it has cores."""
    ray: str | None = None
    """Evaluate on a Ray cluster at this address; `local` starts one here."""

    profile: Path | None = None
    """Latencies recorded on the robot (`adaptive-control profile --json`); else measured here."""
    tick: Literal["bundle", "torch"] = "bundle"
    """What to measure here: the exported bundle, as it runs on the robot, or the torch agent."""
    share: float = 0.8
    """Share of the control period that the p99 of the whole tick may take."""

    robots: int = 16
    """B, robots that a setting plans for, each with its own perturbation."""
    first: int = 4
    """Of these, robots after which a hopeless setting is given up."""
    steps: int = 100
    """T, control steps of an episode."""

    planners: tuple[str, ...] = ("cem", "icem", "mppi", "random-shooting")
    """Kinds of planner to try."""
    horizon: tuple[int, int] = (5, 40)
    """Range of the horizon H [control steps]."""
    candidates: tuple[int, int] = (32, 1024)
    """Range of the candidates N."""
    iterations: tuple[int, int] = (1, 6)
    """Range of the iterations."""
    windows: tuple[int, ...] = ()
    """Windows M to try; a quarter, half and all of the training's if not given."""
    default: str = ""
    """The planner to beat, as text or as the path of a planner.toml; empty: the robot's own."""
    start: tuple[str, ...] = ()
    """Planners to begin the search with, before the defaults of each kind; within what is searched.
    The robot's own if not given, moved there."""

    sweep: int = 5
    """Horizons, evenly over the range, at which the best settings are tried again; 0: none."""
    check: bool = True
    """Compare with the default on held-out perturbations at the end."""
    check_seeds: int = 2
    """Robots for each held-out perturbation."""

    def __post_init__(self) -> None:
        checked_method(self.model)
        for name in (
            "trials", "generation", "robots", "first", "steps", "check_seeds",
        ):  # fmt: skip
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("workers", "sweep"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        _require(0 <= self.seed < 2**63, "seed", self.seed, f"from 0 to {2**63 - 1}")
        _require(self.robots >= 2, "robots", self.robots, "at least 2")
        _require(self.first <= self.robots, "first", self.first, f"at most robots={self.robots}")
        _require(self.steps >= 4, "steps", self.steps, "at least 4")
        positive = self.timeout is None or self.timeout > 0
        _require(positive, "timeout", self.timeout, "above 0")
        _require(0 < self.share <= 1, "share", self.share, "above 0 to 1")
        for name, least in (("horizon", 1), ("candidates", 2), ("iterations", 1)):
            low, high = getattr(self, name)
            _require(least <= low <= high, name, (low, high), f"two numbers, {least} or more")
        _require(bool(self.planners), "planners", self.planners, "at least one kind")
        _require(all(m >= 1 for m in self.windows), "windows", self.windows, "integers from 1")

    @property
    def folder(self) -> Path:
        """Where the study lives."""
        return self.out or Path("runs") / f"tune-{self.robot}-{self.model}"


def _require(holds: bool, field: str, value: object, allowed: str) -> None:
    # Comparisons with NaN are false, so a NaN never passes.
    if not holds:
        raise AdaptiveControlError(f"{field}={value}: must be {allowed}")
