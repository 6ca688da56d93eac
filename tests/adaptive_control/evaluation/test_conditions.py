"""When a test perturbation strikes, and what then acts."""

from __future__ import annotations

import dataclasses

import pytest

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.conditions import conditions_of, phases
from adaptive_control.suites import SUITES, suites_named


def test_each_test_runs_from_the_start_and_from_half_way_and_the_whole_robot_too():
    (suite,) = suites_named("crippled-leg/half-cheetah")
    found = {
        c.perturbation: (c.onset, c.fault_step, c.scored_from) for c in conditions_of(suite, 200)
    }
    assert found == {
        "none": ("none", None, 0),
        "crippled-leg:back": ("start", None, 0),
        "crippled-leg:back@5s": ("mid", 100, 100),
        "crippled-leg:front": ("start", None, 0),
        "crippled-leg:front@5s": ("mid", 100, 100),
    }


def test_a_test_with_times_of_its_own_keeps_them():
    (suite,) = suites_named("crippled-leg/ant")
    (own,) = (c for c in conditions_of(suite, 200) if c.onset == "own")
    assert own.perturbation == "crippled-leg:0@0s-5s+crippled-leg:3@5s"
    assert (own.fault_step, own.scored_from) == (100, 0)
    with pytest.raises(AdaptiveControlError, match=r"steps: 110 .* at least 120"):
        conditions_of(suite, 110)


@pytest.mark.parametrize("test", ["crippled-leg:back@2s-5s", "mass:2@2s+slope:5@1s-4s"])
def test_what_ends_on_its_own_has_no_last_fault(test: str):
    (suite,) = suites_named("crippled-leg/half-cheetah")
    healing = dataclasses.replace(suite, test=(test,))
    with pytest.raises(AdaptiveControlError, match=r"test: .* ends on its own"):
        conditions_of(healing, 200)


def test_the_quick_choice_is_the_first_test_in_mid_episode():
    for suite in SUITES:
        found = conditions_of(suite, 120, first_tests=1, from_start=False)
        assert [c.onset for c in found] == ["none", "mid"]
        assert found[1].test == suite.test[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", [(0, "none")]),
        ("mass:2", [(0, "mass:2")]),
        ("mass:2@5s", [(0, "none"), (100, "mass:2")]),
        ("mass:2@20s", [(0, "none")]),
        (
            "crippled-leg:0@0s-5s+crippled-leg:3@5s",
            [(0, "crippled-leg:0"), (100, "crippled-leg:3")],
        ),
        ("mass:2+damping:3@5s", [(0, "mass:2"), (100, "mass:2+damping:3")]),
    ],
)
def test_phases_say_what_acts_without_times(text: str, expected: list[tuple[int, str]]):
    assert list(phases(text, "ant", 200)) == expected
