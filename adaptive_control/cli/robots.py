"""`adaptive-control robots [ROBOT]`: the robots, or the fields of one, and what can break."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console
from rich.table import Table

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import terminal
from adaptive_control.pretrained import planner_for

if TYPE_CHECKING:
    from robots import RobotSpec

__all__ = ["run"]


@dataclass(frozen=True)
class RobotsConfig:
    """List the robots and the perturbations; with a robot's name, also its fields and legs."""

    robot: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ROBOT")] = ""
    """Which robot to describe; all of them in brief if left out."""


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    config = parse(RobotsConfig, arguments, "robots", positional=("robot",))
    from robots import get_robot

    console = terminal()
    if config.robot:
        spec = get_robot(config.robot).spec
        _describe(console, spec)
        _list_perturbations(console, tuple(spec.legs))
    else:
        _list_robots(console)
        _list_perturbations(console, ("back",))


def _list_robots(console: Console) -> None:
    from robots import get_robot, robot_names

    table = Table(title="robots")
    for heading in ("name", "control period [s]", "observation S", "action A", "legs"):
        table.add_column(heading)
    for name in robot_names():
        spec = get_robot(name).spec
        sizes = (str(spec.observation_size), str(spec.action_size))
        table.add_row(name, f"{spec.dt:g}", *sizes, ", ".join(spec.legs))
    console.print(table)


def _describe(console: Console, spec: RobotSpec) -> None:
    from controllers import format_planner

    for title, fields in (("observation", spec.observation), ("action", spec.action)):
        table = Table(title=f"{spec.name}: {title}")
        for heading in ("", "field", "unit", "range"):
            table.add_column(heading)
        for index, field in enumerate(fields):
            table.add_row(str(index), field.name, field.unit, _range(field.low, field.high))
        console.print(table)
    legs = "; ".join(f"{leg}: actions {_join(indices)}" for leg, indices in spec.legs.items())
    console.print(f"control period {spec.dt:g} s; legs: {legs}")
    console.print(f"planner {format_planner(planner_for(spec.name))}\n", soft_wrap=True)


def _list_perturbations(console: Console, legs: tuple[str, ...]) -> None:
    from robots.perturbations import KINDS

    table = Table(title="perturbations: kind:argument[@onset[-end]], joined by +")
    table.add_column("kind")
    table.add_column("argument")
    for name, kind in KINDS.items():
        table.add_row(name, kind.takes)
    console.print(table)
    broken = f"crippled-leg:{legs[0]}" if legs else "crippled-joint:0"
    console.print(f"for example {broken}@5s+mass:1.5@8s-10s; none is the unperturbed robot")


def _range(low: float, high: float) -> str:
    return "" if low == -math.inf and high == math.inf else f"{low:g} to {high:g}"


def _join(indices: tuple[int, ...]) -> str:
    return ", ".join(map(str, indices))
