"""The latency table: exact where it was measured, sensible between, and read from a robot."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.tune.latency import IterationCost, LatencyTable, ValueCost, read_profile
from adaptive_control.tune.setting import Setting
from controllers import format_planner, make_planner
from tests.adaptive_control.tune.conftest import PROFILE, TABLE


def setting(kind: str = "cem", window: int = 16, **changes: Any) -> Setting:
    return Setting(format_planner(make_planner(kind, **changes)), window)


def test_the_table_is_met_at_its_own_points(profile: Path) -> None:
    table = read_profile(profile, 0.05, 16)
    for row in table.iterations:
        middle, late = table.iteration("cem", row.candidates, row.horizon)
        assert middle == pytest.approx(row.p50_ms)
        assert late == pytest.approx(row.p99_ms)


@given(st.integers(32, 1024), st.integers(5, 40))
def test_a_cost_that_the_formula_knows_is_found_everywhere(candidates: int, horizon: int) -> None:
    middle, late = TABLE.iteration("mppi", candidates, horizon)
    assert middle == pytest.approx(0.1 + 0.001 * candidates * horizon, rel=1e-3)
    assert late == pytest.approx(0.2 + 0.0012 * candidates * horizon, rel=1e-3)


@given(st.integers(2, 4000), st.integers(1, 100))
def test_times_are_positive_and_ordered_even_far_from_the_table(n: int, h: int) -> None:
    rows = tuple(
        IterationCost(row["candidates"], row["horizon"], row["p50_ms"], row["p99_ms"])
        for row in PROFILE["iterations"]
    )
    middle, late = replace(TABLE, iterations=rows).iteration("cem", n, h)
    assert 0 < middle <= late < math.inf


def test_one_point_is_enough() -> None:
    table = replace(TABLE, iterations=(IterationCost(256, 15, 4.0, 5.0),))
    assert table.iteration("cem", 256, 15) == pytest.approx((4.0, 5.0))
    assert table.iteration("cem", 512, 15)[0] >= 4.0


def test_candidates_that_are_dropped_cost_nothing_more() -> None:
    whole, halved = setting(candidates=200), setting(candidates=200, halve_every=5)
    steps = 5 * (200 + 100 + 50)
    per_iteration = (TABLE.tick(whole).p50_ms - 0.1) / 3, (TABLE.tick(halved).p50_ms - 0.1) / 3
    assert per_iteration[0] == pytest.approx(0.1 + 0.001 * 3000, rel=1e-3)
    assert per_iteration[1] == pytest.approx(0.1 + 0.001 * steps, rel=0.01)


def test_the_terminal_value_takes_its_time() -> None:
    table = replace(TABLE, value=(ValueCost(100, 0.1), ValueCost(200, 0.3)))
    plain = setting(candidates=200, horizon=10, iterations=2)
    asking = setting(candidates=200, horizon=10, iterations=2, terminal=1.0)
    halving = setting(candidates=200, horizon=10, iterations=2, halve_every=5)
    assert table.tick(plain) == TABLE.tick(plain)
    assert table.tick(asking).p50_ms == pytest.approx(TABLE.tick(asking).p50_ms + 2 * 0.3)
    assert table.tick(halving).p50_ms == pytest.approx(TABLE.tick(halving).p50_ms + 2 * 0.3)
    assert table.value_ms(150) == pytest.approx(0.2)
    assert table.value_ms(10) == pytest.approx(0.1)


def test_the_terminal_values_time_is_kept_and_read(tmp_path: Path, profile: Path) -> None:
    table = replace(TABLE, value=(ValueCost(100, 0.1),))
    table.save(tmp_path / "latency.json")
    assert LatencyTable.load(tmp_path / "latency.json") == table
    values = json.loads(profile.read_text())
    assert read_profile(profile, 0.05, 16).value == ()
    profile.write_text(json.dumps(values | {"value": [{"candidates": 64, "p50_ms": 0.2}]}))
    assert read_profile(profile, 0.05, 16).value == (ValueCost(64, 0.2),)
    profile.write_text(json.dumps(values | {"value": [{"candidates": 64}]}))
    with pytest.raises(AdaptiveControlError, match=r"value\[0\]\.p50_ms=None"):
        read_profile(profile, 0.05, 16)


def test_kinds_have_their_own_costs() -> None:
    rows = (
        IterationCost(256, 15, 4.0, 5.0, planner="cem"),
        IterationCost(256, 15, 8.0, 9.0, planner="mppi"),
    )
    table = replace(TABLE, iterations=rows)
    assert table.iteration("cem", 256, 15)[0] == pytest.approx(4)
    assert table.iteration("mppi", 256, 15)[0] == pytest.approx(8)
    assert 4 <= table.iteration("icem", 256, 15)[0] <= 8  # not measured: what is known of others


def test_a_tick_is_adapting_and_all_iterations() -> None:
    tick = TABLE.tick(setting(candidates=256, horizon=15, iterations=4))
    assert tick.p50_ms == pytest.approx(0.1 + 4 * (0.1 + 3.84), rel=1e-3)
    excess = (0.2 + 0.0012 * 256 * 15) - (0.1 + 0.001 * 256 * 15)
    assert tick.p99_ms - tick.p50_ms == pytest.approx(math.hypot(0.1, 2 * excess), rel=1e-3)


def test_populations_that_decay_cost_less() -> None:
    sizes = {"candidates": 512, "horizon": 15, "iterations": 4}
    decaying, constant = (TABLE.tick(setting("icem", decay=d, **sizes)) for d in (2.0, 1.0))
    assert decaying.p50_ms < 0.6 * constant.p50_ms


def test_longer_windows_cost_more() -> None:
    short, trained, longer = (TABLE.tick(setting(window=m)).p50_ms for m in (4, 16, 32))
    assert short == trained
    assert longer == pytest.approx(trained + 0.1)


def test_iterations_that_fit() -> None:
    many = setting(candidates=256, horizon=15, iterations=20)
    count = TABLE.fitting(many, 20.0)
    at, above = (
        TABLE.tick(setting(candidates=256, horizon=15, iterations=n)) for n in (count, count + 1)
    )
    assert at.p99_ms <= 20.0 < above.p99_ms
    assert TABLE.fitting(setting(candidates=256, horizon=15, iterations=2), 20.0) == 2
    assert TABLE.fitting(many, 1.0) == 0


def test_tables_are_read_back(tmp_path: Path) -> None:
    TABLE.save(tmp_path / "latency.json")
    assert LatencyTable.load(tmp_path / "latency.json") == TABLE
    (tmp_path / "latency.json").write_text("{}")
    with pytest.raises(AdaptiveControlError, match="cannot be read"):
        LatencyTable.load(tmp_path / "latency.json")


Damage = Callable[[dict[str, Any]], None]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: p.pop("dt"), "dt=None"),
        (lambda p: p.update(dt=0.02), "the robot's control period is 0.05 s"),
        (lambda p: p.pop("adapt_ms"), "adapt_ms.p50=None"),
        (lambda p: p["adapt_ms"].update(p99=float("nan")), "adapt_ms.p99=nan"),
        (lambda p: p.update(iterations=[]), "at least one entry"),
        (lambda p: p["iterations"][1].update(p50_ms=0), r"iterations\[1\].p50_ms=0"),
        (lambda p: p["iterations"][2].update(horizon="15"), r"iterations\[2\].horizon='15'"),
        (lambda p: p.update(iterations=[3]), r"iterations\[0\].candidates=None"),
        (lambda p: p.update(value=5), "value=5; must be a list"),
        (lambda p: p.update(value={}), "value={}; must be a list"),
    ],
)
def test_bad_profiles_are_refused_by_name(tmp_path: Path, damage: Damage, words: str) -> None:
    values = json.loads(json.dumps(PROFILE))
    damage(values)
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(values))
    with pytest.raises(AdaptiveControlError, match=words):
        read_profile(path, 0.05, 16)


def test_a_profile_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text("p99: 3")
    with pytest.raises(AdaptiveControlError, match="cannot be read"):
        read_profile(path, 0.05, 16)
