"""The search space: nothing in it is refused by a planner, and its ends are known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.space import Space, windows_around, with_candidates
from controllers import CEM, format_planner, make_planner, planner_names
from tests.adaptive_control.tune.conftest import SPACE

TINY = replace(SPACE, horizon=(1, 3), candidates=(2, 5))


WITH_VALUE = replace(SPACE, terminal=True)


@given(st.data(), st.sampled_from(planner_names()), st.sampled_from([SPACE, TINY, WITH_VALUE]))
def test_every_point_is_a_planner(data: st.DataObject, kind: str, space: Space) -> None:
    values = {}
    for name, distribution in space.distributions(kind).items():
        if isinstance(distribution, CategoricalDistribution):
            values[name] = data.draw(st.sampled_from(distribution.choices), name)
        elif isinstance(distribution, IntDistribution):
            values[name] = data.draw(st.integers(distribution.low, distribution.high), name)
        elif isinstance(distribution, FloatDistribution):
            values[name] = data.draw(st.floats(distribution.low, distribution.high), name)
    setting = space.setting(kind, values)
    planner = setting.parsed
    assert planner.name == kind == setting.kind
    assert (planner.horizon, planner.candidates) == (values["horizon"], values["candidates"])
    horizon = data.draw(st.integers(*space.horizon))
    assert space.with_horizon(setting, horizon).parsed.horizon == horizon
    candidates = data.draw(st.integers(*space.candidates))
    assert with_candidates(planner, candidates).candidates == candidates


@pytest.mark.parametrize("kind", planner_names())
def test_the_starts_are_the_defaults_and_those_that_go_beyond_their_elites(kind: str) -> None:
    starts = replace(SPACE, planners=(kind,)).starts()
    plain = make_planner(kind)
    expected = [plain, replace(plain, momentum=-0.5)] if isinstance(plain, CEM) else [plain]
    assert [SPACE.setting(start["planner"], start).parsed for start in starts] == expected
    assert all(start["window"] == SPACE.trained for start in starts)


def test_what_is_named_comes_first_and_once() -> None:
    named = ("cem:candidates=77,terminal=0.5,halve_every=3", "cem")
    config = TuneConfig(planners=("cem",), start=named)
    for values in (True, False):
        space = Space.of(config, 16, adapts=True, values=values)
        first, *rest = [space.setting(s["planner"], s).parsed for s in space.starts()]
        assert (first.candidates, first.lookahead.terminal) == (77, 0.5 * values)
        assert first.lookahead.halve_every == 3 * values
        assert rest[0] == make_planner("cem")
        assert len(set(rest)) == len(rest)
    with pytest.raises(AdaptiveControlError, match=r"^start: 'mppi' is not tried; allowed: cem$"):
        Space.of(replace(config, start=("mppi",)), 16, adapts=True)


def test_a_terminal_value_is_searched_where_there_is_one() -> None:
    space = replace(SPACE, planners=("cem", "mppi"), terminal=True)
    starts = [space.setting(start["planner"], start).parsed for start in space.starts()]
    told = [(p.name, p.horizon, p.terminal, p.halve_every) for p in starts]
    assert told == [
        ("cem", 15, 0.0, 0), ("mppi", 15, 0.0, 0), ("cem", 15, 0.0, 0),
        ("cem", 7, 1.0, 0), ("mppi", 7, 1.0, 0),
        ("cem", 15, 0.0, 5), ("mppi", 15, 0.0, 5),
    ]  # fmt: skip
    for name in ("terminal", "halving_share"):
        assert name in space.distributions("cem")
        assert name not in SPACE.distributions("cem")
    config = TuneConfig()
    assert Space.of(config, 16, adapts=True, values=True).terminal
    assert not Space.of(config, 16, adapts=True).terminal


@given(st.data(), st.sampled_from(planner_names()), st.integers(5, 40))
def test_candidates_are_dropped_after_a_share_of_the_horizon(
    data: st.DataObject, kind: str, horizon: int
) -> None:
    values = WITH_VALUE.starts()[-1] | {"planner": kind, "horizon": horizon}
    values |= WITH_VALUE.values(Setting(kind, 16)) | {"horizon": horizon}
    share = data.draw(st.floats(0.0, 0.6))
    every = WITH_VALUE.setting(kind, values | {"halving_share": share}).parsed.halve_every
    assert (every == 0) == (share < 0.15)
    assert every == 0 or abs(every - share * horizon) <= 0.5
    assert every <= 0.6 * horizon + 0.5


def test_starts_stay_inside_the_limits() -> None:
    for start in TINY.starts():
        assert start["horizon"] == 3
        assert start["candidates"] == 5


def test_windows() -> None:
    assert windows_around(16) == (4, 8, 16)
    assert windows_around(1) == (1,)
    config = TuneConfig(windows=(12, 32, 12))
    assert Space.of(config, 16, adapts=True).windows == (12, 32)
    assert Space.of(config, 16, adapts=False).windows == (16,)


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(AdaptiveControlError, match="planners: 'chess' is unknown; allowed: random"):
        Space.of(TuneConfig(planners=("cem", "chess")), 16, adapts=True)


@pytest.mark.parametrize(
    ("changes", "window", "words"),
    [
        ({"horizon": 40}, 16, "horizon=40 is at the upper end of 5..40"),
        ({"horizon": 5}, 16, "horizon=5 is at the lower end"),
        ({"candidates": 1024}, 16, "candidates=1024 is at the upper end"),
        ({"iterations": 6}, 16, "iterations=6 is at the upper end"),
        ({"std": 1.5}, 16, "std=1.5 is at the upper end of 0.2..1.5"),
        ({"colour": 3.0}, 16, "colour=3 is at the upper end"),
        ({}, 4, "window=4 is at an end of those tried: 4, 16"),
        ({"colour": 0.0, "momentum": 0.0, "iterations": 1, "candidates": 32}, 16, ""),
        ({}, 16, ""),
    ],
)
def test_edges(changes: dict[str, float], window: int, words: str) -> None:
    planner = make_planner("cem", **changes)
    found = SPACE.edges(Setting(format_planner(planner), window))
    assert len(found) == bool(words)
    assert words in "".join(found)
