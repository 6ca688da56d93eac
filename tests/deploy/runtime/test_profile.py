"""The profile finds the largest plan that fits; times are made up where they matter."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from controllers import make_planner
from deploy.errors import DeployError
from deploy.runtime import profile
from deploy.runtime.bundle import Bundle, load_bundle
from deploy.runtime.profile import profile_bundle
from tests.deploy.bundles import bundle_path


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(bundle_path())


def measured(bundle: Bundle, **changes):
    settings = {"budget": 0.8, "repeats": 4, "candidates": (8, 16), "horizons": (3, 4)}
    return profile_bundle(bundle, **(settings | changes))


def test_the_terminal_value_is_timed_where_there_is_one(bundle: Bundle) -> None:
    rows = measured(bundle).value
    assert [row.candidates for row in rows] == [8, 16]
    plain = load_bundle(bundle_path("mb"))
    assert plain.value is None
    assert measured(plain).value == ()
    assert all(row.p50_ms > 0 for row in rows)


def test_it_measures_every_size(bundle: Bundle) -> None:
    seen: list[tuple[int, int]] = []
    found = measured(bundle, progress=lambda done, total: seen.append((done, total)))
    sizes = [(row.candidates, row.horizon) for row in found.iterations]
    assert sizes == [(8, 3), (16, 3), (8, 4), (16, 4)]
    assert seen == [(done, 8) for done in range(1, 9)]
    assert all(0 < row.p50_ms <= row.p99_ms for row in found.iterations)
    adapt = found.adapt_ms
    assert 0 < adapt.p50 <= adapt.p95 <= adapt.p99 <= adapt.max
    assert found.budget_ms == pytest.approx(40.0)
    table = json.loads(json.dumps(asdict(found)))
    assert {"dt", "machine", "adapt_ms", "iterations", "largest"} <= set(table)
    assert set(table["adapt_ms"]) == {"p50", "p95", "p99", "max"}


def test_a_slow_second_falls_on_all_sizes_alike(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int, int]] = []

    def iteration(bundle, planner, repeats, budget_ms):
        asked.append((planner.candidates, planner.horizon, repeats))
        slow = 1.0 if len(asked) > 4 else 3.0  # the first of three turns
        return np.full(repeats, slow * planner.candidates * planner.horizon / 16)

    monkeypatch.setattr(profile, "_iteration_times", iteration)
    found = measured(bundle, repeats=7)
    assert [calls for *_, calls in asked] == [3] * 4 + [2] * 8
    assert all(row.p50_ms == row.candidates * row.horizon / 16 for row in found.iterations)
    assert all(row.p99_ms == 3 * row.p50_ms for row in found.iterations)


def test_what_is_far_too_slow_has_one_turn(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    asked: list[int] = []

    def iteration(bundle, planner, repeats, budget_ms):
        asked.append(planner.candidates)
        return np.full(repeats, 1.0 if planner.candidates == 8 else 200.0)

    monkeypatch.setattr(profile, "_iteration_times", iteration)
    measured(bundle, repeats=20, horizons=(3,))
    assert asked == [8, 16, 8, 8, 8, 8]


def invented(monkeypatch: pytest.MonkeyPatch, overhead: float) -> None:
    """A millisecond for 16 candidate steps; a whole tick takes `overhead` times its parts."""

    def iteration(bundle, planner, repeats, budget_ms):
        return np.full(repeats, planner.candidates * planner.horizon / 16)

    def tick(bundle, planner, repeats):
        each = planner.candidates * planner.horizon / 16
        return np.full(repeats, overhead * (1.0 + planner.iterations * each))

    monkeypatch.setattr(profile, "_iteration_times", iteration)
    monkeypatch.setattr(profile, "_tick_times", tick)
    monkeypatch.setattr(profile, "_adapt_times", lambda *_: np.ones(4))


@pytest.mark.parametrize(("overhead", "expected"), [(1.0, 39.0), (1.5, 25.0), (3.0, 12.0)], ids=str)
def test_the_largest_that_fits(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, overhead: float, expected: float
) -> None:
    invented(monkeypatch, overhead)
    largest = measured(bundle).largest
    assert largest is not None
    size = largest.candidates * largest.horizon * largest.iterations / 16
    assert overhead * (1 + size) <= 40.0
    assert size >= expected - 1.5  # no size lies closer than the next multiple of the smallest
    assert largest.tick_p99_ms == pytest.approx(overhead * (1 + size))
    assert largest.iterations >= bundle.manifest.planner.iterations


def test_nothing_fits(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    invented(monkeypatch, 100.0)
    assert measured(bundle).largest is None


def test_a_planner_at_another_size_keeps_its_shape() -> None:
    planner = make_planner("cem", candidates=200, elites=20, horizon=15)
    resized = profile._resized(planner, 50, 5)
    assert (resized.candidates, resized.horizon) == (50, 5)
    assert resized.elites == 5  # pyright: ignore[reportAttributeAccessIssue]
    assert resized.iterations == planner.iterations
    splines = make_planner("mppi", horizon=20, knots=8)
    assert profile._resized(splines, 64, 5).knots == 5  # pyright: ignore


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"budget": 0.0}, "budget: 0 is not allowed"), ({"repeats": 1}, "repeats: 1 is not allowed")],
)
def test_what_cannot_be_measured(bundle: Bundle, changes: dict[str, float], words: str) -> None:
    with pytest.raises(DeployError, match=words):
        measured(bundle, **changes)
