"""What the live page can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import DEFAULT_METHOD

__all__ = ["LiveConfig"]


@dataclass(frozen=True)
class LiveConfig:
    """A page in the browser: see the robot plan, break it with a click, tune the planner."""

    robot: str = "half-cheetah"
    """Which robot; `adaptive-control robots` lists them."""

    model: str = DEFAULT_METHOD
    """The method that plans; `adaptive-control models` lists them."""

    versus: str = "mb"
    """The method of the twin beside it; "none": no twin."""

    planner: str = ""
    """A planner and its settings, or the path of a planner.toml; empty: the robot's own."""

    perturb: str = "none"
    """What acts on the robot from the start, e.g. crippled-leg:back@5s+mass:2."""

    host: str = "127.0.0.1"
    """Address to serve on; anything but loopback lets others on the network in."""

    port: int = 8080
    """Port to serve on."""

    link: str = ""
    """Show a robot over a link, e.g. udp://127.0.0.1:7450, in place of a simulated one."""

    seconds: float = 0.0
    """Stop after this long [s]; 0: run until interrupted."""

    seed: int = 0
    """Seed of start state and planning noise, the same for both twins."""

    out: Path = Path("planner.toml")
    """Where the page's Save button writes the planner's settings."""

    checkpoint: Path | None = None
    """A checkpoint for --model in place of the one that is shipped."""

    versus_checkpoint: Path | None = None
    """A checkpoint for --versus in place of the one that is shipped."""

    def __post_init__(self) -> None:
        """Refuse what no page could use.

        Raises:
            AdaptiveControlError: names the field, the value, and what is allowed.
        """
        if not 1 <= self.port <= 65535:
            raise AdaptiveControlError(f"port: {self.port} is not in 1..65535")
        if not 0 <= self.seconds < float("inf"):
            raise AdaptiveControlError(f"seconds: {self.seconds} is not a finite number from 0")
        if not 0 <= self.seed < 2**63:
            raise AdaptiveControlError(f"seed: {self.seed} is not in 0..{2**63 - 1}")
