"""What `adaptive-control run` can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.runtime.loop.settings import LoopSettings, require

__all__ = ["RunConfig"]


@dataclass(frozen=True)
class RunConfig:
    """Run a bundle on a robot, or on a simulated one.

    Nothing moves before the robot is armed: by --arm, or by a person who types "arm" and Enter.
    With neither a terminal nor --arm the robot is only observed. Ctrl-C ends the run; the robot's
    safe action is the last command, whatever ended it. Exit status: 0 clean, 3 stopped for safety.
    """

    bundle: Path = Path()
    """The bundle, a folder that `adaptive-control export` made."""

    robot: str = ""
    """The robot: udp://HOST:PORT, unix:///PATH, or sim:NAME[?perturb=...&seed=...] in this process;
    empty: the bundle's robot, simulated in this process."""

    arm: bool = False
    """Arm the robot as soon as it is seen."""

    readonly: bool = False
    """Observe, adapt and plan, but send no command."""

    seconds: float = 0.0
    """Length of the run, counted from arming [s]; 0: until it is stopped."""

    log: Path | None = None
    """Write every tick to this MCAP file."""

    json: Path | None = None
    """Write the summary to this file."""

    seed: int = 0
    """Seed of the planner's noise, and of a simulated robot that names none."""

    planner: str = ""
    """A planner in place of the bundle's, e.g. cem:candidates=100, or a planner.toml."""

    lead: int = 0
    """0: each command is planned from the newest observation, and leaves when the plan is there.
    1: planned from the observation before; leaves at once, with a period of the planner's time."""

    iterations: int = 0
    """Most iterations of the planner in a control period; 0: as many as its settings say."""

    deterministic: bool = False
    """Simulated robots only: everything in one process and in simulated time, so that the same
    seed gives the same run on any machine."""

    latency: int = 0
    """With --deterministic: control periods that planning seems to take, beyond --lead."""

    priority: int = 50
    """Priority in the real-time scheduling class, 1 to 99; 0: do not ask for it."""

    pin: bool = True
    """Give the shield and the planner a core each, where there are more than two."""

    baseline: bool = False
    """Measure beside the run how bare loops fare that only sleep: one to absolute deadlines, one
    a period after each waking."""

    stop_on_fall: bool = True
    """Stop when the robot says that it has fallen."""

    view: bool = True
    """Show the run on the terminal."""

    faults: Path = Path("runs/faults")
    """Folder where the flight recorder leaves the last seconds before a fault."""

    def __post_init__(self) -> None:
        """Refuse what no run could use.

        Raises:
            DeployError: names the field, its value and what is allowed.
        """
        require(0 <= self.seconds <= 1e6, "seconds", self.seconds, "0 to 1000000")
        require(self.seed >= 0, "seed", self.seed, "integers from 0")
        require(0 <= self.latency <= 100, "latency", self.latency, "0 to 100")
        require(0 <= self.priority <= 99, "priority", self.priority, "0 to 99")
        require(not (self.arm and self.readonly), "arm", "with --readonly", "one of the two")
        timed = self.latency == 0 or self.deterministic
        require(timed, "latency", self.latency, "0 without --deterministic")
        self.settings()

    def ticks(self, dt: float) -> int | None:
        """Length of the run in control periods of `dt` [s], at least one; None: without end."""
        return max(1, round(self.seconds / dt)) if self.seconds else None

    def settings(self, readonly: bool = False) -> LoopSettings:
        """Of the loop.

        Args:
            readonly: send no command, even if the configuration does not say so.
        """
        return LoopSettings(
            lead=self.lead, iterations=self.iterations, readonly=self.readonly or readonly,
            stop_on_fall=self.stop_on_fall,
        )  # fmt: skip
