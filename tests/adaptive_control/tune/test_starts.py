"""Planners to begin with: begun with as they are, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

import adaptive_control.pretrained
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.run import prepare
from adaptive_control.tune.space import Space
from adaptive_control.tune.starts import changed, check_start, start_lines
from controllers import format_planner, load_planner, planner_names
from tests.adaptive_control.tune.conftest import SPACE

VALUED = replace(SPACE, terminal=True)
TINY = replace(VALUED, horizon=(1, 3), candidates=(2, 5))
SHIPPED = sorted(Path(adaptive_control.pretrained.__file__).parent.glob("*.toml"))


@pytest.mark.parametrize("start", [*map(str, SHIPPED), *planner_names(), "mppi:knots=4"])
def test_what_ships_can_be_begun_with(start: str) -> None:
    planner = load_planner(start)
    check_start(VALUED, planner)
    assert not start_lines(replace(VALUED, first=(planner,)))


@given(st.data(), st.sampled_from(planner_names()), st.sampled_from([SPACE, VALUED, TINY]))
def test_whatever_is_found_can_be_begun_with(data: st.DataObject, kind: str, space: Space) -> None:
    values = {}
    for name, limits in space.distributions(kind).items():
        if isinstance(limits, CategoricalDistribution):
            values[name] = data.draw(st.sampled_from(limits.choices), name)
        elif isinstance(limits, IntDistribution):
            values[name] = data.draw(st.integers(limits.low, limits.high), name)
        else:
            assert isinstance(limits, FloatDistribution)
            values[name] = data.draw(st.floats(limits.low, limits.high), name)
    assert changed(space, space.setting(kind, values).parsed) is None


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("cem:execute=best,std_min=0.3", "execute=best of cem .* allowed: mean$"),
        ("cem:std_min=0.3", "std_min=0.3 of cem .* allowed: 0.05$"),
        ("cem:candidates=2000", "candidates=2000 of cem .* nearest is 1024; allowed: 32 to 1024$"),
        ("cem:std=0.1", "std=0.1 of cem .* nearest is 0.2; allowed: 0.2 to 1.5$"),
        ("cem:elites=1", "elites=1 of cem .* nearest is 4; allowed: 0.02 to 0.3 of candidates$"),
        ("mppi:knots=12", "knots=12 of mppi .* nearest is 9; allowed: 0 to 0.6 of horizon$"),
        ("icem:decay=3", "decay=3.0 of icem .* allowed: 1 to 2$"),
        ("cem:terminal=0.5", "terminal=0.5 of cem .* as the model has no terminal value$"),
    ],
)
def test_what_cannot_be_begun_with_is_refused_by_name(start: str, words: str) -> None:
    with pytest.raises(AdaptiveControlError, match=f"^start: {words}") as error:
        check_start(SPACE, load_planner(start))
    assert "\n" not in str(error.value)


def test_a_study_refuses_what_is_named_and_moves_the_robots_own(
    small: Callable[..., TuneConfig], tmp_path: Path
) -> None:
    with pytest.raises(AdaptiveControlError, match=r"^start: candidates=100 of cem"):
        small(start=("cem:candidates=100,horizon=5,elites=10",))
    assert not (tmp_path / "study").exists()
    config = small()  # whose ranges hold none of the robots' own planners
    assert prepare(config) == config  # as spelled out, and saved, it is accepted again
    own = load_planner(config.start[0])
    (line,) = start_lines(replace(TINY, first=(own,)))
    assert line.startswith(f"start: {format_planner(own)} is not within what is searched; ")
    assert "begins with cem:candidates=5,horizon=3," in line
