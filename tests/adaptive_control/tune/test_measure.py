"""Measuring: every size that the search may ask for is covered, on the agent that is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from adaptive_control.pretrained import pretrained_path
from adaptive_control.training import load_model
from adaptive_control.tune import measure
from adaptive_control.tune.measure import measure_table, measure_ticks, torch_agents
from adaptive_control.tune.setting import Setting
from controllers import MPCAgent, SamplingPlanner
from robots import BatchSimulator, get_robot
from tests.adaptive_control.tune.conftest import SPACE

ROBOT = get_robot("half-cheetah")
SMALL = replace(SPACE, candidates=(4, 24), horizon=(2, 2))


def test_the_table_covers_the_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_TICKS", 3)
    monkeypatch.setattr(measure, "_TURNS", 2)
    agents = torch_agents(load_model(pretrained_path("half-cheetah", "grbal")), ROBOT)
    asked: list[tuple[str, int]] = []

    def recorded(planner: SamplingPlanner, window: int) -> MPCAgent:
        asked.append((planner.name, window))
        return agents(planner, window)

    watched: list[tuple[int, int]] = []
    table = measure_table(
        recorded, ROBOT, SMALL, 16, "torch", lambda done, total: watched.append((done, total))
    )
    sizes = {(row.planner, row.candidates, row.horizon) for row in table.iterations}
    assert sizes == {(kind, n, 2) for kind in SMALL.planners for n in (4, 10, 24)}
    assert all(0 < row.p50_ms <= row.p99_ms for row in table.iterations)
    assert len({round(row.p99_ms / row.p50_ms, 9) for row in table.iterations}) == 1
    assert 0 < table.adapt_p50_ms <= table.adapt_p99_ms
    assert (table.dt, table.window, table.source) == (0.05, 16, "torch")
    assert {window for _, window in asked} == {16}
    assert watched[0] == (0, 2 * 12)
    assert watched[-1] == (2 * 12, 2 * 12)


def test_the_terminal_value_is_measured_where_it_may_be_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measure, "_TICKS", 1)
    ant = get_robot("ant")
    agents = torch_agents(load_model(pretrained_path("ant", "grbal")), ant)
    space = replace(SMALL, candidates=(4, 1000), planners=("cem",), terminal=True)
    table = measure_table(agents, ant, space, 16, "torch")
    assert [row.candidates for row in table.value] == [4, 63, 1000]
    assert 0 < table.value_ms(1000) < 50
    assert measure_table(agents, ant, replace(space, terminal=False), 16, "torch").value == ()


def test_cells_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    agents = torch_agents(load_model(pretrained_path("half-cheetah", "grbal")), ROBOT)
    asked: list[int] = []

    def ticks(agent: MPCAgent, simulator: BatchSimulator) -> tuple[np.ndarray, np.ndarray]:
        asked.append(id(agent))
        slow = 3.0 if len(asked) <= 4 * 12 else 1.0  # the first four turns
        return np.full(2, 1e-3 * slow), np.full(2, 1e-2 * slow)

    monkeypatch.setattr(measure, "_ticks", ticks)
    table = measure_table(agents, ROBOT, SMALL, 16, "torch")
    assert asked == 12 * asked[:12]
    assert len(set(asked)) == 12
    assert [row.p50_ms for row in table.iterations] == pytest.approx([10.0] * 12)
    assert [row.p99_ms for row in table.iterations] == pytest.approx([30.0] * 12)


def test_whole_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_TICKS", 1)
    agents = torch_agents(load_model(pretrained_path("half-cheetah", "grbal")), ROBOT)
    # So far apart that no other work on the machine turns them round.
    settings = [Setting(f"mppi:candidates={n},horizon={h}", 4) for n, h in ((8, 3), (8192, 12))]
    ticks = measure_ticks(agents, ROBOT, settings)
    assert list(ticks) == settings
    assert all(0 < tick.p50_ms <= tick.p99_ms for tick in ticks.values())
    assert ticks[settings[0]].p50_ms < ticks[settings[1]].p50_ms
