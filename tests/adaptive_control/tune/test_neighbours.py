"""Moves stay in the space and in their class, and are made from the best there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptive_control.tune.classes import CLASSES, Classes
from adaptive_control.tune.neighbours import Neighbours
from adaptive_control.tune.setting import Setting
from controllers import format_planner, make_planner, planner_names
from tests.adaptive_control.tune.conftest import SPACE, TABLE, FormulaPool
from tests.adaptive_control.tune.test_search import CONFIG, DEFAULT, searched

CLASSES_MS = Classes(limit_ms=40.0, default_ms=TABLE.tick(DEFAULT).p99_ms)
NEAR = Neighbours(SPACE, TABLE, CLASSES_MS)


@given(kind=st.sampled_from(planner_names()), seed=st.integers(0, 10_000))
@settings(deadline=None)
def test_a_move_is_a_setting_of_the_space(kind: str, seed: int) -> None:
    tried = [(Setting(format_planner(make_planner(kind)), 16), 1.0)]
    values = NEAR.near(tried, np.random.default_rng(seed))
    assert values["planner"] == kind
    for name, distribution in SPACE.distributions(kind).items():
        internal = distribution.to_internal_repr(values[name])
        assert distribution._contains(internal), (name, values[name])
    setting = SPACE.setting(kind, values)
    assert SPACE.setting(kind, SPACE.values(setting)).parsed.horizon == setting.parsed.horizon
    fewest = setting.parsed.candidates == SPACE.candidates[0]
    assert fewest or TABLE.tick(setting).p99_ms <= CLASSES_MS.limit_ms


def test_moves_fill_the_time_of_their_class() -> None:
    tried = [(DEFAULT, 1.0)]
    ticks = []
    for seed in range(60):
        values = NEAR.near(tried, np.random.default_rng(seed))
        ticks.append(TABLE.tick(SPACE.setting("cem", values)).p99_ms)
    limits = [CLASSES_MS.most_ms(name) for name in CLASSES]
    for limit in limits[1:]:  # twice the default's candidates do not fill the first
        assert any(0.9 * limit < tick <= limit for tick in ticks)


def test_a_good_setting_is_also_tried_as_it_is_at_another_size() -> None:
    told = [NEAR.near([(DEFAULT, 1.0)], np.random.default_rng(seed)) for seed in range(60)]
    own = SPACE.values(DEFAULT)
    resized = [v for v in told if all(v[name] == own[name] for name in own if name != "candidates")]
    assert 10 < len(resized) < 40
    assert len({values["candidates"] for values in resized}) >= 2


def test_what_is_too_slow_for_its_class_may_lose_an_iteration_in_place_of_candidates() -> None:
    told = [NEAR.near([(DEFAULT, 1.0)], np.random.default_rng(seed)) for seed in range(60)]
    own = SPACE.values(DEFAULT)
    sized = ("candidates", "iterations")
    resized = [v for v in told if all(v[name] == own[name] for name in own if name not in sized)]
    fewer = [v for v in resized if v["iterations"] == own["iterations"] - 1]
    same = [v for v in resized if v["iterations"] == own["iterations"]]
    assert len(fewer) > 5
    assert len(same) > 5
    assert max(v["candidates"] for v in fewer) > min(v["candidates"] for v in same)


def test_moves_are_made_from_the_best() -> None:
    other = Setting(format_planner(make_planner("mppi")), 16)
    for seed in range(20):
        values = NEAR.near([(DEFAULT, 1.0), (other, 2.0)], np.random.default_rng(seed))
        fast = TABLE.tick(other).p99_ms <= CLASSES_MS.most_ms("as-fast")
        assert values["planner"] == "mppi" or not fast


def test_any_of_those_about_as_good_is_moved_from() -> None:
    kinds = {"cem": 1.0, "mppi": 0.97, "icem": 0.9}
    tried = [(Setting(format_planner(make_planner(k)), 16), value) for k, value in kinds.items()]
    seen = {NEAR.near(tried, np.random.default_rng(seed))["planner"] for seed in range(40)}
    assert {"cem", "mppi"} <= seen
    assert NEAR.near([(s, -v) for s, v in tried], np.random.default_rng(0))["planner"] == "icem"


def test_dropping_candidates_is_tried_from_settings_that_drop_none() -> None:
    near = Neighbours(replace(SPACE, terminal=True), TABLE, CLASSES_MS)
    shares = [
        near.near([(DEFAULT, 1.0)], np.random.default_rng(s))["halving_share"] for s in range(60)
    ]
    assert sum(share >= 0.15 for share in shares) > 5
    assert sum(share == 0 for share in shares) > 20


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_half_class_is_not_left_to_luck(tmp_path: Path, seed: int) -> None:
    """The formula wants a horizon of 15 and as many candidates as there is time for."""
    tried, search = searched(replace(CONFIG, out=tmp_path, trials=64, seed=seed), FormulaPool())
    assert search.finished == 8
    most = CLASSES_MS.most_ms("half")
    best = max((t for t in tried if t.tick.p99_ms <= most), key=lambda t: t.result.mean)
    assert abs(best.setting.parsed.horizon - 15) <= 8
    assert best.tick.p99_ms > 0.75 * most
