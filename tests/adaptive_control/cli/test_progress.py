"""A log without a terminal tells how far a stage is, but not too often."""

from __future__ import annotations

import io

from rich.console import Console

from adaptive_control.cli.progress import StageBars


def _shown(terminal: bool) -> str:
    out, now = io.StringIO(), [0.0]
    console = Console(file=out, force_terminal=terminal, width=100, highlight=False)
    with StageBars(console, lambda: now[0]) as bars:
        bars.stage("search", 8)
        for done in range(1, 9):
            now[0] += 25.0
            bars.progress(done, f"best {done}")
        bars.line("search: done")
    return out.getvalue()


def test_a_log_gets_a_line_a_minute() -> None:
    assert _shown(terminal=False).splitlines() == [
        "search: 3 of 8  best 3",
        "search: 6 of 8  best 6",
        "search: done",
    ]


def test_a_terminal_gets_a_bar_in_place_of_the_lines() -> None:
    shown = _shown(terminal=True)
    assert "3 of 8" not in shown
    assert "search: done" in shown
    assert "8/8" in shown
