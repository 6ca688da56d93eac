"""Who is followed to the end: never fewer than are needed, never more than there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers import (
    Lookahead,
    PlannerError,
    format_planner,
    make_planner,
    parse_planner,
    planner_names,
)


@given(
    st.integers(1, 600), st.integers(1, 60), st.integers(0, 70), st.integers(1, 700),
)  # fmt: skip
def test_drops(candidates: int, horizon: int, every: int, fewest: int) -> None:
    ahead = Lookahead(halve_every=every, fewest=fewest)
    drops = ahead.drops(candidates, horizon)
    assert all(0 < step < horizon and step % every == 0 for step in drops)
    before = candidates
    for step in sorted(drops):
        assert drops[step] < before
        assert drops[step] >= max(before / 2, min(fewest, candidates))
        before = drops[step]
    steps = ahead.model_steps(candidates, horizon)
    assert steps <= candidates * horizon
    assert (steps == candidates * horizon) == (not drops)
    assert steps >= min(fewest, candidates) * horizon
    calls = ahead.value_calls(candidates, horizon)
    assert len(calls) == len(drops)
    assert calls[:1] == ([candidates] if drops else [])
    last = drops[max(drops)] if drops else candidates
    terminal = Lookahead(1.0, every, fewest).value_calls(candidates, horizon)
    assert terminal == [*calls, last]


def test_an_example() -> None:
    ahead = Lookahead(halve_every=4, fewest=30)
    assert ahead.drops(200, 15) == {4: 100, 8: 50, 12: 30}
    assert ahead.model_steps(200, 15) == 4 * 200 + 4 * 100 + 4 * 50 + 3 * 30
    assert Lookahead().model_steps(200, 15) == 3000


def test_what_asks_for_a_value() -> None:
    assert not Lookahead(fewest=20).asks_for_value
    assert Lookahead(terminal=0.1).asks_for_value
    assert Lookahead(halve_every=3).asks_for_value


@pytest.mark.parametrize("name", planner_names())
def test_every_planner_can_drop_candidates(name: str) -> None:
    planner = parse_planner(f"{name}:halve_every=4,terminal=0.5")
    assert planner.lookahead.halve_every == 4
    assert planner.lookahead.terminal == 0.5
    assert planner.lookahead.fewest == getattr(planner, "elites", 1)
    assert make_planner(name).lookahead == Lookahead(fewest=planner.lookahead.fewest)


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(PlannerError, match=r"halve_every: -1 is not allowed.*integers from 0"):
        make_planner("cem", halve_every=-1)


@pytest.mark.parametrize("name", planner_names())
def test_caution_is_spelled_out_where_it_is_not_the_default(name: str) -> None:
    """What was named before it was a setting keeps its name: cells of an evaluation are found."""
    assert "caution" not in format_planner(make_planner(name))
    careful = parse_planner(f"{name}:caution=3")
    assert careful.lookahead.caution == 3
    assert "caution=3.0" in format_planner(careful)
    assert parse_planner(format_planner(careful)) == careful


def test_no_negative_caution() -> None:
    with pytest.raises(PlannerError, match=r"caution: -0.5 is not allowed; allowed: 0 to 100"):
        parse_planner("cem:caution=-0.5")


def test_random_shooting_follows_its_elites_to_the_end() -> None:
    planner = parse_planner("random-shooting:elites=50,halve_every=1,horizon=15,candidates=600")
    assert min(planner.lookahead.drops(600, 15).values()) == 50
