"""`adaptive-control replay FILE BUNDLE`: run a log again, to the same actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import tyro

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import terminal
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import atomic_path

if TYPE_CHECKING:
    from deploy.runtime.log import Log

__all__ = ["run"]

DIFFERENT = 1
"""Exit status if an action differs."""


@dataclass(frozen=True)
class ReplayConfig:
    """Run a log again through its bundle: the same observations, to the same actions.

    Plans go on from those before them, so of a flight recorder's file only what follows a start can
    be run again: of the run, of an arming, of a simulated robot.

    Exit status: 0 all plans are the recorded ones, 1 some differ by more than 1e-5.
    """

    log: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FILE")] = Path()
    """MCAP file that `adaptive-control run --log` or the flight recorder wrote."""
    bundle: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="BUNDLE")] = Path()
    """The bundle that ran."""
    out: Path | None = None
    """Folder for replay.png, a plot of the run."""
    partial: bool = False
    """Take what can be read of a log that breaks off."""


def run(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    config = parse(ReplayConfig, arguments, "replay", positional=("log", "bundle"))
    if Path() in (config.log, config.bundle):
        raise AdaptiveControlError("replay: name a log and its bundle: replay FILE BUNDLE")
    from deploy.runtime.replay import replay  # brings onnxruntime

    replayed = replay(config.log, config.bundle, config.partial)
    console = terminal()
    if not replayed.log.whole:
        console.print(f"{config.log} breaks off; what could be read was replayed", style="yellow")
    if replayed.left_out:
        console.print(
            f"the first {replayed.left_out} ticks go on from what {config.log} does not hold; left "
            "out",
            style="yellow", markup=False, soft_wrap=True,
        )  # fmt: skip
    if replayed.missing:
        console.print(f"{replayed.missing} plans are not in the log", style="yellow")
    console.print(
        f"{len(replayed.log.records)} ticks, {replayed.plans} plans made again; largest difference "
        f"of an action {replayed.largest:.2g}: {'the same' if replayed.same else 'DIFFERENT'}",
        soft_wrap=True,
    )
    if config.out is not None:
        _plot(replayed.log, replayed.tick, replayed.difference, config.out / "replay.png")
        console.print(f"written: {config.out / 'replay.png'}", soft_wrap=True)
    return 0 if replayed.same else DIFFERENT


def _plot(log: Log, plans: np.ndarray, difference: np.ndarray, path: Path) -> None:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise AdaptiveControlError(
            "out: plots need matplotlib; install adaptive-control[sim], or leave out --out"
        ) from error
    records = log.records
    seconds = np.array([record.due_ns for record in records]) * 1e-9
    seconds -= seconds[0]
    figure = Figure(figsize=(9, 9), layout="constrained")
    axes = figure.subplots(4, 1)
    axes[0].plot(seconds, [record.reward for record in records])
    axes[0].set_ylabel("reward")
    axes[1].step(seconds, [record.mode.rank for record in records], where="post")
    axes[1].set_yticks(range(5), ["nominal", "frozen", "hold", "safe", "stop"])
    axes[2].plot(seconds, [record.prior_error for record in records], label="before adapting")
    axes[2].plot(seconds, [record.adapted_error for record in records], label="after")
    axes[2].set_yscale("log")
    axes[2].set_ylabel("model error")
    axes[2].legend()
    axes[2].set_xlabel("s")
    axes[3].plot(plans, difference, ".")
    axes[3].set_ylabel("difference of replay")
    axes[3].set_xlabel("plan")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
