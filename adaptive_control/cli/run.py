"""`adaptive-control run BUNDLE`: run a bundle on a robot."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryFile
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
BAD_INPUT = 2
"""Exit status of a run that ended well and whose summary could not be written."""


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
    if config.json is not None:
        _check_writable(config.json)
    from deploy.runtime.loop.session import stop_signals
    from deploy.runtime.loop.start import run_bundle  # brings onnxruntime

    console = terminal()
    print_config(console, config)
    summary = run_bundle(config)
    # It is over: whoever is impatient loses neither its summary nor its status.
    atexit.register(_ignore_signals)
    with stop_signals(lambda name: None):
        trouble = "" if config.json is None else _write(config.json, summary)
        _tell(console, config, summary, trouble)
    # A robot that was stopped for safety is the news, whatever else went wrong.
    return SAFE_STOP if summary["safe"] else (BAD_INPUT if trouble else 0)


def _ignore_signals() -> None:
    """While Python tidies up, after the last word, a signal would take the place of the status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _tell(console: Console, config: RunConfig, summary: Mapping[str, Any], trouble: str) -> None:
    """Print what came of the run, as far as anybody reads it."""
    try:
        _print_summary(console, summary)
        if trouble:
            print(f"error: {trouble}", file=sys.stderr)
        elif config.json is not None:
            console.print(f"written: {config.json}", soft_wrap=True, markup=False)
        sys.stdout.flush()
    except (OSError, SystemExit):  # the latter is how rich says that a pipe is broken
        # The terminal was closed, or a pipe. Nor may Python fail at what is still to be written.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                os.dup2(nowhere, stream.fileno())


def _check_writable(path: Path) -> None:
    """Refuse, before anything moves, a file that could not be written when the run has ended."""
    if path.is_dir():
        raise AdaptiveControlError(f"json: {path} is a folder; allowed: a file")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise AdaptiveControlError(
            f"json: {path}: {error.strerror or error}; allowed: a file in a folder that can be "
            "written to"
        ) from error


def _write(path: Path, summary: Mapping[str, Any]) -> str:
    """Write the summary; why it could not be, or ""."""
    try:
        write_json(path, summary)
    except OSError as error:
        return f"json: {path}: {error.strerror or error}"
    return ""


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
