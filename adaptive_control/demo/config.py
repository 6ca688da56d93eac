"""What the demo can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import DEFAULT_METHOD

__all__ = ["DemoConfig"]


@dataclass(frozen=True)
class DemoConfig:
    """Watch a robot break mid-run: one twin adapts its dynamics model online, the other does not.

    Both twins start from the same state and plan with the same planner, budget and noise.
    """

    robot: str = "half-cheetah"
    """Which robot; `adaptive-control robots` lists them."""

    model: str = DEFAULT_METHOD
    """The method under test; `adaptive-control models` lists them."""

    versus: str = "mb"
    """The method beside it."""

    perturb: str = ""
    """What breaks, e.g. crippled-leg:back@5s+mass:2; half-way if no time is given; empty: a
    reversed motor (half-cheetah), a leg (ant), a slack joint (a1)."""

    planner: str = ""
    """A planner and its settings, or the path of a planner.toml; empty: the robot's own."""

    seconds: float = 10.0
    """Length of the run, in simulated time [s]."""

    seed: int = 0
    """Seed of the first run: start state and planning noise."""

    seeds: int = 1
    """Repeat over this many seeds, from --seed upwards, and report means and intervals."""

    out: Path = Path("runs/demo")
    """Folder for demo.mp4, demo.png, metrics.json and config.json."""

    video: bool = True
    """Film the first seed."""

    checkpoint: Path | None = None
    """A checkpoint for --model in place of the one that is shipped."""

    versus_checkpoint: Path | None = None
    """A checkpoint for --versus in place of the one that is shipped."""

    def __post_init__(self) -> None:
        """Refuse what no run could use.

        Raises:
            AdaptiveControlError: for a value that no robot or model could make sense of.
        """
        if not 0 < self.seconds <= 3600:
            raise AdaptiveControlError(f"seconds: {self.seconds} is not in (0, 3600]")
        if not 1 <= self.seeds <= 1000:
            raise AdaptiveControlError(f"seeds: {self.seeds} is not in 1..1000")
        most = 2**63 - self.seeds  # the last of them must be a seed, too
        if not 0 <= self.seed <= most:
            raise AdaptiveControlError(f"seed: {self.seed} is not in 0..{most}")
        if self.model == self.versus:
            raise AdaptiveControlError(
                f"versus: {self.versus!r} is also --model; the twins must differ"
            )
