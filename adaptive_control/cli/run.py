"""`adaptive-control run BUNDLE`: run a bundle on a robot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import print_config, terminal
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import write_json
from deploy.runtime.loop.config import RunConfig

__all__ = ["run"]

SAFE_STOP = 3
"""Exit status of a run that was stopped for safety."""


@dataclass(frozen=True)
class _Arguments(RunConfig):
    bundle: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="BUNDLE")] = (
        RunConfig.bundle
    )
    """The bundle, a folder that `adaptive-control export` made."""


_Arguments.__doc__ = RunConfig.__doc__


def run(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    parsed = parse(_Arguments, arguments, "run", positional=("bundle",))
    config = RunConfig(**{field.name: getattr(parsed, field.name) for field in fields(parsed)})
    if config.bundle == RunConfig.bundle:
        raise AdaptiveControlError("bundle: none is named; `adaptive-control export` makes one")
    from deploy.runtime.loop.start import run_bundle  # brings onnxruntime

    console = terminal()
    print_config(console, config)
    summary = run_bundle(config)
    _print_summary(console, summary)
    if config.json is not None:
        write_json(config.json, summary)
        console.print(f"written: {config.json}", soft_wrap=True)
    return SAFE_STOP if summary["safe"] else 0


def _print_summary(console: Console, summary: Mapping[str, Any]) -> None:
    table = Table("stage", "p50 ms", "p95", "p99", "max", box=None, padding=(0, 2, 0, 0))
    for stage, times in summary["stages_ms"].items():
        if times["max"] == 0:
            continue  # simulated time stands still while the shield works
        table.add_row(stage, *(f"{times[name]:.3f}" for name in ("p50", "p95", "p99", "max")))
    console.print(table)
    first = summary["warm_up"]
    slowest = first["stages_ms"].get("tick", {"max": 0})["max"]
    if slowest:
        console.print(f"first {first['ticks']} ticks, not counted above: at most {slowest:.3f} ms")
    misses = summary["misses"]
    for miss in misses["list"][:10]:
        text = f"missed in tick {miss['tick']}: {miss['who']}: {miss['cause']}"
        console.print(text, style="yellow", markup=False)
    for change in summary["modes"][:20]:
        reason = f": {change['reason']}" if change["reason"] else ""
        console.print(f"tick {change['tick']:>6}  {change['mode'].upper()}{reason}", markup=False)
    for granted in (item for items in summary["hygiene"].values() for item in items):
        if not granted["granted"]:
            console.print(f"{granted['name']}: {granted['detail']}", style="yellow", markup=False)
    if summary["observed_only"]:
        console.print("no command was sent: without a terminal, only --arm arms the robot")
    if summary["dropped"]:
        dropped = ", ".join(f"{why} {count}" for why, count in summary["dropped"].items())
        console.print(f"packets dropped: {dropped}", style="yellow", markup=False)
    for text in summary["lost_logs"]:
        console.print(f"log lost: {text}", style="red", markup=False, soft_wrap=True)
    for path in summary["fault_files"]:
        console.print(f"flight recorder: {path}", markup=False, soft_wrap=True)
    console.print(
        f"{summary['ticks']} ticks, {summary['skipped']} skipped, missed: shield "
        f"{misses['shield']}, planner {misses['planner']}; return {summary['return']:.2f} over "
        f"{summary['steps']} periods; ended: {summary['ended']}",
        markup=False, soft_wrap=True,
    )  # fmt: skip
