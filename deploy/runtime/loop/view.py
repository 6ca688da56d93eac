"""Draws a run on the terminal: `python -m deploy.runtime.loop.view DESCRIPTOR`, by the shield."""

from __future__ import annotations

import os
import signal
import sys
import time

import numpy as np
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.runtime.loop.board import STAGES, open_board

__all__ = ["picture_of", "show"]

COLOURS = {"nominal": "green", "frozen": "cyan", "hold": "yellow", "safe": "red", "stop": "red"}


def picture_of(picture: np.ndarray) -> Group:
    """What stands on the terminal for a picture of the board."""
    mode = bytes(picture["mode"]).decode()
    reason = bytes(picture["reason"]).decode(errors="replace")
    head = Text.assemble(
        (f" {mode.upper()} ", f"bold reverse {COLOURS.get(mode, 'white')}"),
        f"  {reason}" if reason else "",
    )
    armed = "armed" if picture["armed"] else 'not armed: type "arm" and Enter'
    gate = "open: adapted model" if picture["gate_open"] else "closed: prior"
    figures = Text(
        f"{float(picture['seconds']):7.1f} s   tick {int(picture['tick'])}   "
        f"{float(picture['rate']):.1f} of {1 / float(picture['period']):.1f} Hz   {armed}\n"
        f"gate {gate}   error {float(picture['prior_error']):.3g} prior, "
        f"{float(picture['adapted_error']):.3g} adapted   "
        f"iterations {int(picture['iterations'])}   delay {int(picture['delay'])}\n"
        f"return {float(picture['total']):.1f}   missed: shield {int(picture['shield_misses'])}, "
        f"planner {int(picture['planner_misses'])}"
    )
    table = Table("stage", "p50 ms", "p95", "p99", "max", box=None, padding=(0, 2, 0, 0))
    for name, times in zip(STAGES, picture["times"], strict=True):
        if np.isfinite(times).all():
            table.add_row(name, *(f"{value:.3f}" for value in times))
    return Group(head, figures, table)


def show(descriptor: int) -> None:
    """Draw until the run is over, or the shield is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    _, ring = open_board(descriptor)
    shown = 0
    with Live(auto_refresh=False) as live:
        while os.getppid() == parent:
            head = ring.head
            picture = ring.read(head - 1) if head != shown else None
            if picture is not None:
                shown = head
                live.update(picture_of(picture), refresh=True)
                if picture["over"]:
                    return
            time.sleep(0.05)


if __name__ == "__main__":
    show(int(sys.argv[1]))
