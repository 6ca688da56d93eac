"""`adaptive-control simulate ROBOT`: be a robot in another process, in real time."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated

import tyro

from adaptive_control.cli.parse import parse
from deploy.robot.config import SimulateConfig

__all__ = ["run"]


@dataclass(frozen=True)
class _Arguments(SimulateConfig):
    robot: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ROBOT")] = "half-cheetah"
    """Robot to be; `adaptive-control robots` lists them."""


_Arguments.__doc__ = SimulateConfig.__doc__


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    parsed = parse(_Arguments, arguments, "simulate", positional=("robot",))
    config = SimulateConfig(**{f.name: getattr(parsed, f.name) for f in fields(parsed)})
    from deploy.robot.realtime import simulate  # brings the simulator

    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda caught, frame: stop.append(caught))
    report = simulate(config, lambda line: print(line, flush=True), lambda: bool(stop))
    dropped = ", ".join(f"{why} {n}" for why, n in sorted(report.dropped.items())) or "none"
    print(
        f"{report.ticks} control periods, {report.late} late, {report.skipped} skipped, "
        f"{report.expired} without a valid command; packets dropped: {dropped}; "
        f"return {report.episode_return:.2f}"
    )
