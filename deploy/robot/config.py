"""Settings of `adaptive-control simulate`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deploy.errors import DeployError

__all__ = ["BACKENDS", "SimulateConfig"]

BACKENDS = ("mujoco", "pybullet")
"""The simulators that a robot can live in."""


@dataclass(frozen=True)
class SimulateConfig:
    """Be a robot in another process, in real time, for `adaptive-control run` to command."""

    robot: str = "half-cheetah"
    """Robot to be; `adaptive-control robots` lists them."""
    listen: str = "udp://127.0.0.1:7450"
    """Address: udp://HOST:PORT (port 0: any) or unix:///PATH, with ?key-file=PATH if others can
    reach it."""
    perturb: str = "none"
    """Perturbations; their times count from the first armed command."""
    backend: str = "mujoco"
    """Simulator: mujoco, which models are trained in, or pybullet (extra `bullet`), an independent
    one with other contacts and another integrator."""
    seed: int = 0
    """Seed of the initial state."""
    delay: int = 1
    """Control periods from the arrival of a command to its effect. 1: it acts from the beginning of
    the next period, as on a robot. 0: it acts in the very period whose first instant it answers, as
    in a simulation that waits for its controller."""
    seconds: float = 0.0
    """Stop after so long; 0: on Ctrl-C."""
    quiet: bool = False
    """Print the summary alone."""

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise DeployError(f"backend: {self.backend!r}; allowed: {', '.join(BACKENDS)}")
        if self.delay not in (0, 1):
            raise DeployError(f"delay: {self.delay}; allowed: 0 or 1")
        if not (math.isfinite(self.seconds) and self.seconds >= 0):
            raise DeployError(f"seconds: {self.seconds}; allowed: 0 or more")
        if self.seed < 0:
            raise DeployError(f"seed: {self.seed}; allowed: integers from 0")

    def ticks(self, dt: float) -> int | None:
        """How long to be it, in control periods of `dt` [s], at least one; None: without end."""
        return max(1, round(self.seconds / dt)) if self.seconds else None
