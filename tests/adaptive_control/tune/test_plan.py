"""The plan, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.plan import plan_lines, tick_lines
from adaptive_control.tune.setting import Setting
from controllers import format_planner, make_planner
from tests.adaptive_control.tune.conftest import TABLE

DEFAULT = Setting(format_planner(make_planner("cem")), 16)


def test_the_plan_counts_whole_generations_and_workers() -> None:
    config = TuneConfig(trials=90, sweep=0, check=False)
    what, cost = plan_lines(config, 20.0, 2)
    assert "96 settings on 16 robots" in what
    assert "check" not in what
    assert "16 min for the search, which ends after 40 min, 3 min for what follows" in cost
    assert "32 min for the search" in plan_lines(config, 20.0, 1)[1]
    assert "less than a minute for the search, " in plan_lines(config, 0.1, 1)[1]
    assert "ends" not in plan_lines(replace(config, timeout=None), 20.0, 1)[1]


@pytest.mark.parametrize(("factor", "lines"), [(1.0, 1), (20.0, 2)])
def test_a_busy_machine_is_noticed(factor: float, lines: int) -> None:
    rows = tuple(replace(row, p99_ms=row.p99_ms * factor) for row in TABLE.iterations)
    said = tick_lines(replace(TABLE, iterations=rows), DEFAULT, 0.8)
    assert len(said) == lines
    assert "at most 40 ms at p99, 80% of the period" in said[0]
