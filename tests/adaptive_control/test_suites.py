"""The suites, and that their test sides are out of reach of training."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.suites import (
    SUITES,
    Suite,
    check_perturbations,
    held_out,
    sample_training_perturbation,
    suites_named,
    suites_of,
)
from adaptive_control.training.collect import training_faults
from robots import get_robot, parse_perturbation, robot_names
from robots.perturbations import Perturbation
from robots.perturbations.joints import CrippledJoint

seeds = st.integers(0, 2**32 - 1)
each_suite = pytest.mark.parametrize("suite", SUITES, ids=lambda s: f"{s.robot}-{s.name}")


def parts(text: str, robot: str) -> tuple[Perturbation, ...]:
    return parse_perturbation(text, robot).members


@each_suite
def test_every_test_perturbation_can_be_parsed(suite: Suite):
    for text in suite.test:
        parse_perturbation(text, suite.robot)


@each_suite
@given(seed=seeds)
def test_a_train_side_covers_what_it_draws(suite: Suite, seed: int):
    text = suite.train.draw(np.random.default_rng(seed))
    assert all(suite.train.covers(part) for part in parts(text, suite.robot))


@pytest.mark.parametrize("robot", robot_names())
@given(seed=seeds)
def test_each_part_of_a_draw_lies_in_a_train_side_of_the_robot(robot: str, seed: int):
    text = sample_training_perturbation(robot, np.random.default_rng(seed))
    for part in parts(text, robot):
        assert any(suite.train.covers(part) for suite in suites_of(robot)), text


def out_of_reach(text: str, robot: str) -> bool:
    return held_out(text, robot, [suite.train for suite in suites_of(robot)])


@each_suite
def test_no_test_perturbation_lies_in_the_union_of_all_train_sides(suite: Suite):
    for text in suite.test:
        assert out_of_reach(text, suite.robot), text


@pytest.mark.parametrize(
    ("robot", "text", "expected"),
    [
        ("half-cheetah", "none", False),
        ("half-cheetah", "crippled-joint:0", False),
        ("half-cheetah", "crippled-joint:1,3@2s", False),
        ("half-cheetah", "crippled-joint:0,1,3", True),
        ("half-cheetah", "crippled-leg:back", True),
        ("half-cheetah", "pier:3@0s-5s+pier:9@5s", False),
        ("half-cheetah", "pier:3@0s-5s+pier:10.5@5s", True),
        ("half-cheetah", "actuator-gain:0=0.6,3=-1", False),
        ("half-cheetah", "actuator-gain:0=-0.6,3=-1", True),
        ("half-cheetah", "actuator-gain:0.6", True),
        ("half-cheetah", "mass:1.2+terrain:random-5", False),
        ("half-cheetah", "mass:1.2+terrain:hill", True),
        ("ant", "crippled-leg:2+actuator-gain:1=0.5", False),
        ("ant", "crippled-leg:2+actuator-gain:6=0.5", True),
        ("ant", "crippled-joint:0", True),
        ("a1", "crippled-joint:8+payload:3+damping:4", False),
        ("a1", "crippled-joint:7,8", True),
        ("a1", "crippled-joint:9", True),
        ("a1", "actuator-gain:0=0.6,8=0.5", False),
        ("a1", "actuator-gain:0=0.4", True),
        ("a1", "slope:-8+friction:0.6", False),
        ("a1", "friction:0.4", True),
        ("a1", "payload:4.5", True),
    ],
)
def test_the_check_tells_one_from_the_other(robot: str, text: str, expected: bool):
    assert out_of_reach(text, robot) is expected


def slack_joints(text: str) -> set[int]:
    """All joints that are slack, whichever part says so."""
    members = parts(text, "half-cheetah")
    return {joint for part in members if isinstance(part, CrippledJoint) for joint in part.joints}


def test_joints_that_are_slack_together_are_never_a_whole_leg():
    rng = np.random.default_rng(2)
    legs = [set(actions) for actions in get_robot("half-cheetah").spec.legs.values()]
    for _ in range(5000):
        slack = slack_joints(sample_training_perturbation("half-cheetah", rng))
        assert not any(leg <= slack for leg in legs)


def test_what_is_drawn_stays_what_it_is():
    """Models are reproducible only if the same seed draws the same perturbations."""
    for robot, digest in (("half-cheetah", "45fa912d"), ("ant", "46fe7836"), ("a1", "8962c6bf")):
        rng = np.random.default_rng(0)
        drawn = "\n".join(sample_training_perturbation(robot, rng) for _ in range(500))
        assert hashlib.sha256(drawn.encode()).hexdigest()[:8] == digest


@pytest.mark.parametrize("robot", robot_names())
def test_the_union_is_drawn_from_alone_and_in_pairs(robot: str):
    rng = np.random.default_rng(1)
    drawn = [sample_training_perturbation(robot, rng) for _ in range(500)]
    assert "none" in drawn
    for suite in suites_of(robot):
        assert any(all(map(suite.train.covers, parts(text, robot))) for text in drawn)
    kinds = [{part.kind for part in parts(text, robot)} for text in drawn]
    assert any({"actuator-gain"} < found for found in kinds)
    for text in drawn:
        parse_perturbation(text, robot)  # never two grounds at a time


def test_collecting_can_be_limited_to_a_suite_or_to_one_perturbation():
    robot = get_robot("half-cheetah")
    chosen = ("pier", "mass:1.5@0s")
    drawn = training_faults(robot, 40, 100, np.random.default_rng(0), chosen)
    assert {text.split(":")[0] for text in drawn} == {"pier", "mass"}
    assert {text for text in drawn if text.startswith("mass")} == {"mass:1.5@0s"}
    assert any("@" in text for text in drawn if text.startswith("pier"))
    default = training_faults(robot, 40, 100, np.random.default_rng(0))
    assert default == training_faults(robot, 40, 100, np.random.default_rng(0), ())


def test_as_many_robots_collect_whole_as_asked_for():
    robot = get_robot("half-cheetah")

    def whole(share: float) -> float:
        drawn = training_faults(robot, 1000, 100, np.random.default_rng(0), (), share)
        return sum(text == "none" for text in drawn) / len(drawn)

    by_chance = whole(0.0)  # the train side of slack joints has the whole robot in it
    assert by_chance < 0.2
    for share in (0.3, 1.0):
        assert whole(share) == pytest.approx(share + (1 - share) * by_chance, abs=0.05)
    assert "none" not in training_faults(
        robot, 100, 100, np.random.default_rng(0), ("mass:1.5",), whole_share=1.0
    )


def test_faults_of_two_suites_come_together_only_if_asked_for():
    robot = get_robot("half-cheetah")

    def met(paired_share: float) -> list[set[str]]:
        drawn = training_faults(robot, 300, 100, np.random.default_rng(0), (), 0.0, paired_share)
        return [{part.kind for part in parts(text, robot.spec.name)} for text in drawn]

    grounds = {"pier", "terrain"}
    assert not any(kinds & grounds and kinds - grounds for kinds in met(0.0))
    assert sum(bool(kinds & grounds and kinds - grounds) for kinds in met(1.0)) > 50


@pytest.mark.parametrize("text", ["piers", "mass:x", "crippled-leg:5"])
def test_what_cannot_be_drawn_from_is_refused(text: str):
    with pytest.raises(AdaptiveControlError, match=f"perturbations={text}: must be a suite of"):
        check_perturbations("half-cheetah", ("pier", text))


def test_suites_are_found_by_name():
    assert suites_named("all") == SUITES
    assert [s.robot for s in suites_named("motors")] == ["half-cheetah", "ant", "a1"]
    assert [s.robot for s in suites_named("motors/ant, pier")] == ["ant", "half-cheetah"]
    assert len(suites_named("motors,motors/ant")) == 3
    for unknown in ("dog", "pier/ant", "", "pier,"):
        with pytest.raises(AdaptiveControlError, match="is unknown; allowed: all, crippled-joint"):
            suites_named(unknown)


def test_a_robot_without_suites_is_an_error():
    with pytest.raises(AdaptiveControlError, match="dog"):
        suites_of("dog")
