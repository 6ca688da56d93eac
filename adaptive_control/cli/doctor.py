"""`adaptive-control doctor BUNDLE --robot LINK`: does this robot fit this bundle?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.table import Table

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import terminal
from deploy.runtime.bundle import Bundle, load_bundle
from deploy.runtime.doctor import Row, compare, wiggle
from deploy.runtime.link.base import Channel, RobotLink

__all__ = ["run"]


@dataclass(frozen=True)
class DoctorConfig:
    """Compare a bundle with a robot: channels by name, unit, sign and limits; control period."""

    bundle: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="BUNDLE")] = "bundle"
    """Folder that `export` wrote."""
    robot: str = "udp://127.0.0.1:7450"
    """Link to the robot."""
    wiggle: bool = False
    """Move each action gently and see which channel follows. Give the robot room first."""
    amplitude: float = 0.1
    """Of that movement, as a part of half the action's range."""


def run(arguments: Sequence[str]) -> int:
    """Run the command."""
    config = parse(DoctorConfig, arguments, "doctor", positional=("bundle",))
    bundle = load_bundle(Path(config.bundle))
    from deploy.runtime.link import open_link

    link = open_link(config.robot)
    try:
        return examine(terminal(), bundle, link, config)
    finally:
        link.close()


def examine(console: Console, bundle: Bundle, link: RobotLink, config: DoctorConfig) -> int:
    """Show both sides; the exit status.

    Raises:
        DeployError: the robot does not fit; says why.
    """
    manifest, channels = bundle.manifest, link.channels
    rows, rest = compare(manifest, channels)
    for kind in ("observation", "action"):
        _show(console, kind, [row for row in rows if row.kind == kind])
    console.print(f"robot           {channels.robot}, bundle for {manifest.robot}", markup=False)
    console.print(f"control period  {channels.dt:g} s, bundle {manifest.dt:g} s", markup=False)
    for line in rest:
        console.print(f"differs         {line}", markup=False, soft_wrap=True, style="red")
    channel_map = bundle.match(channels)
    order = "the same" if channel_map.trivial else "mapped by name"
    console.print(f"order and signs {order}")
    console.print("the robot fits the bundle")
    if not config.wiggle:
        return 0
    answers = wiggle(
        link, manifest, channel_map, amplitude=config.amplitude,
        progress=lambda name: console.print(f"moving {name}", markup=False, style="dim"),
    )  # fmt: skip
    table = Table(title="what each action moved")
    for heading in ("action", "its own channel", "moved", "times more than any other action"):
        table.add_column(heading)
    for answer in answers:
        row = (answer.channel, f"{answer.moved:+.3g} {answer.unit}", f"{answer.ratio:.1f}")
        told = ("no answer", "", "") if answer.silent else row
        table.add_row(answer.action, *told)
    console.print(table)
    silent = [answer.action for answer in answers if answer.silent]
    if silent:
        console.print(f"no answer from: {', '.join(silent)}", markup=False, style="red")
    return 3 if silent else 0


def _show(console: Console, kind: str, rows: list[Row]) -> None:
    table = Table(title=kind)
    for heading in ("channel", "bundle", "robot", ""):
        table.add_column(heading)
    for row in rows:
        verdict = "; ".join(row.faults) or "ok"
        style = "red" if row.faults else ""
        table.add_row(row.name, _side(row.ours), _side(row.theirs), verdict, style=style)
    console.print(table)


def _side(side: tuple[int, Channel] | None) -> str:
    if side is None:
        return "-"
    index, channel = side
    sign = "" if channel.sign == 1 else f", sign {channel.sign:+d}"
    unbounded = channel.low == float("-inf") and channel.high == float("inf")
    limits = "" if unbounded else f", {channel.low:g} to {channel.high:g}"
    return f"{index}: {channel.unit}{limits}{sign}"
