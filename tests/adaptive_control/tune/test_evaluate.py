"""What a setting is worth: the same numbers every time, and no more of them than needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from adaptive_control.pretrained import pretrained_path
from adaptive_control.suites import suites_of
from adaptive_control.training import LoadedModel, load_model
from adaptive_control.tune.draws import held_out_scenarios, training_scenarios
from adaptive_control.tune.evaluate import Job, evaluate, hopeless
from adaptive_control.tune.foresight import Foresight, foresight
from adaptive_control.tune.setting import Setting
from controllers import format_planner, make_planner
from robots import get_robot, parse_perturbation

ROBOT = get_robot("half-cheetah")
PLANNER = make_planner("cem", candidates=12, horizon=4, iterations=1, elites=4)
SETTING = Setting(format_planner(PLANNER), 16)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_model(pretrained_path("half-cheetah", "grbal"))


def test_results_depend_on_the_job_alone(model: LoadedModel) -> None:
    scenarios = training_scenarios(ROBOT, 3, 24, 0, "search")
    job = Job(SETTING, scenarios, 24, 3)
    one, two = (evaluate(model, ROBOT, job) for _ in range(2))
    assert one.returns == two.returns
    assert one.roughness == two.roughness
    assert one.complete
    assert len(one.returns) == 3
    other = evaluate(model, ROBOT, replace(job, setting=replace(SETTING, window=2)))
    assert other.returns != one.returns


def test_the_hopeless_are_given_up_after_the_first_robots(model: LoadedModel) -> None:
    scenarios = training_scenarios(ROBOT, 4, 5, 0, "search")
    job = Job(SETTING, scenarios, 5, 2)
    alone = evaluate(model, ROBOT, job)
    beaten = evaluate(model, ROBOT, replace(job, rival=(1e6,) * 4))
    close = evaluate(model, ROBOT, replace(job, rival=alone.returns))
    assert not beaten.complete
    assert beaten.returns == alone.returns[:2]
    assert close.complete
    assert close.returns == alone.returns


@pytest.mark.parametrize(
    ("returns", "rival", "expected"),
    [
        ((1.0, 2.0, 3.0, 4.0), (5.0, 6.1, 7.0, 8.0, 1.0), True),  # behind on each, evenly
        ((1.0, 2.0, 3.0, 4.0), (9.0, 0.0, 3.0, 5.0), False),  # behind by luck
        ((5.0, 6.0), (1.0, 2.0), False),  # ahead
        ((1.0,), (9.0,), False),  # one robot says nothing
        ((1.0, 1.0), (1.0, 1.0), False),
    ],
)
def test_hopeless(returns: tuple[float, ...], rival: tuple[float, ...], expected: bool) -> None:
    assert hopeless(returns, rival) is expected


def test_draws_are_fixed_and_switch_on_in_mid_episode() -> None:
    draws = training_scenarios(ROBOT, 40, 100, 0, "search")
    assert draws == training_scenarios(ROBOT, 40, 100, 0, "search")
    assert draws[:10] == training_scenarios(ROBOT, 10, 100, 0, "search")
    assert not set(draws) & set(training_scenarios(ROBOT, 40, 100, 0, "final"))
    assert not set(draws) & set(training_scenarios(ROBOT, 40, 100, 1, "search"))
    perturbed = [parse_perturbation(d.perturbation, ROBOT) for d in draws]
    onsets = [p.onsets for p in perturbed if str(p) != "none"]
    assert len(onsets) > 30
    assert all(len(set(o)) == 1 and 1.0 <= o[0] <= 3.0 for o in onsets)


def test_nothing_held_out_is_searched_on() -> None:
    """By parts and ranges, at whatever time: no held-out part could have been drawn."""
    held_out = held_out_scenarios(ROBOT, 200, 1, 0)
    suites = suites_of("half-cheetah")
    assert len(held_out) == sum(len(suite.test) for suite in suites)
    for scenario in held_out:
        parts = parse_perturbation(scenario.perturbation, ROBOT).members
        assert not all(any(s.train.covers(part) for s in suites) for part in parts)
        assert all(part.schedule.onset is not None for part in parts)


def test_foresight(model: LoadedModel) -> None:
    scenarios = training_scenarios(ROBOT, 3, 12, 0, "foresight")
    sight = foresight(model, ROBOT, SETTING, scenarios, 12, 6)
    assert len(sight.before) == len(sight.after) == 6
    assert np.isfinite(sight.after).all()
    assert sight.average_state > 0


@pytest.mark.parametrize(
    ("after", "sees"),
    [((0.1, 0.5, 2.0, 0.5), 2), ((0.1, 0.2), 2), ((3.0,), 0), ((), None), ((float("nan"),), 0)],
)
def test_how_far_a_model_sees(after: tuple[float, ...], sees: int | None) -> None:
    assert Foresight(after, after, 1.0).sees == sees


def test_a_test_that_a_short_episode_does_not_reach_is_left_out() -> None:
    """Of leg 0, then leg 3, only leg 0 would break: a training perturbation."""
    ant = get_robot("ant")
    both = "crippled-leg:0@0s-5s+crippled-leg:3@5s"
    assert both in {s.perturbation for s in held_out_scenarios(ant, 101, 1, 0)}
    assert both not in {s.perturbation for s in held_out_scenarios(ant, 100, 1, 0)}
