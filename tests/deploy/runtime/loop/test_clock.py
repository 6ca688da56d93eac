"""Deadlines, virtual time, and loops that only sleep."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from deploy.runtime.loop import baseline
from deploy.runtime.loop.clock import Grid, VirtualClock


def test_deadlines_do_not_drift_and_skipped_ones_are_not_made_up_for() -> None:
    grid = Grid(1000, 100)
    assert [grid.due_ns, grid.advance(1090), grid.due_ns] == [1000, 0, 1100]
    assert grid.advance(1199) == 0
    assert grid.due_ns == 1200
    assert grid.advance(1750) == 4, "1300 to 1600 have passed; 1700 is less than a period ago"
    assert (grid.due_ns, grid.tick) == (1700, 7)


@pytest.mark.parametrize("error", [-300, -7, 3, 45])
def test_the_grid_follows_the_robot_slowly(error: int) -> None:
    grid = Grid(0, 1000)
    robot = error
    for _ in range(200):
        before = grid.due_ns
        grid.follow(robot - grid.due_ns)
        assert abs(grid.due_ns - before) <= 20
        grid.advance(grid.due_ns)
        robot += 1000
    assert abs(robot - grid.due_ns) <= 5


def test_a_virtual_clock_never_goes_back() -> None:
    clock = VirtualClock()
    start = clock.now_ns()
    clock.sleep_until(start + 5)
    clock.sleep_until(start)
    assert clock.now_ns() == start + 5


@pytest.mark.parametrize("how", baseline.HOW)
def test_a_bare_loop_only_sleeps(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setattr(baseline, "prepare", lambda priority: [])
    closer = threading.Timer(0.5, os.close, [write])
    with os.fdopen(read) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        closer.start()
        found = baseline.bare_loop(how, 0.001, 0, warm_up=2)
    closer.join()
    assert found["ticks"] > 2
    assert found["rate"] > 0
    assert found["stages_ms"]["jitter"]["p50"] >= 0
    assert found["skipped"] == 0 or how == "deadlines"
