"""What adds up to a test perturbation is found, and never drawn together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from adaptive_control.suites import Suite, draw, held_out, sample_training_perturbation, suites_of
from adaptive_control.suites.acting import clash, together
from adaptive_control.suites.train_side import (
    GroundKinds,
    LoadedBody,
    MotorGains,
    PierDamping,
    RandomRelief,
    ScaledBody,
    SlackJoint,
    SlackJoints,
    SlackLeg,
    TrainSide,
    WeakMotors,
)
from robots import parse_perturbation


@pytest.mark.parametrize(
    ("robot", "text", "expected"),
    [
        ("half-cheetah", "crippled-joint:0+crippled-joint:2,1", "crippled-joint:0,1,2"),
        ("half-cheetah", "crippled-leg:back+crippled-joint:3", "crippled-joint:0,1,2,3"),
        ("half-cheetah", "actuator-gain:0=0,1=1", "crippled-joint:0"),
        ("half-cheetah", "actuator-gain:0", "crippled-joint:0,1,2,3,4,5"),
        ("half-cheetah", "crippled-joint:0+actuator-gain:0=0.5", "crippled-joint:0"),
        ("half-cheetah", "actuator-gain:0=0.5+actuator-gain:0=0.5", "actuator-gain:0=0.25"),
        ("half-cheetah", "mass:1+damping:1+friction:1+payload:0+slope:0", ""),
        ("half-cheetah", "mass:0.5+payload:1", "mass:0.5+payload:1"),
        ("half-cheetah", "actuator-gain:1", ""),
        ("ant", "crippled-leg:0+crippled-joint:0,2", "crippled-leg:0+crippled-joint:2"),
        ("ant", "crippled-leg:0+actuator-gain:1=0.5,2=0.5", "crippled-leg:0+actuator-gain:2=0.5"),
    ],
)
def test_parts_are_what_they_do(robot: str, text: str, expected: str) -> None:
    parts = together(parse_perturbation(text, robot).members, robot)
    assert "+".join(map(str, parts)) == expected


@pytest.mark.parametrize(
    ("robot", "text", "sides", "expected"),
    [
        # Draws of the two come one at a time, so three slack joints are out of reach.
        ("half-cheetah", "crippled-leg:back", (SlackJoints(3), SlackJoint(3)), True),
        (
            "half-cheetah",
            "crippled-joint:0+crippled-joint:1+crippled-joint:2",
            (SlackJoints(4),),
            True,
        ),
        ("half-cheetah", "crippled-joint:0+crippled-joint:1", (SlackJoints(4),), False),
        ("half-cheetah", "actuator-gain:0=0", (SlackJoints(4),), False),
        ("half-cheetah", "actuator-gain:0=-1+actuator-gain:1=-1", (MotorGains(4),), True),
        ("half-cheetah", "mass:1+crippled-joint:0", (SlackJoints(4),), False),
        ("a1", "actuator-gain:0.7", (WeakMotors(12, 0.5),), False),
        ("a1", "actuator-gain:0.7", (WeakMotors(9, 0.5),), True),
        ("a1", "crippled-leg:FR+actuator-gain:0=0.1", (SlackJoint(9), WeakMotors(9, 0.5)), True),
    ],
)
def test_hold_out_is_of_what_parts_add_up_to(
    robot: str, text: str, sides: Sequence[TrainSide], expected: bool
) -> None:
    assert held_out(text, robot, sides) is expected


def drawn(
    robot: str, sides: Sequence[TrainSide], monkeypatch: pytest.MonkeyPatch, count: int = 1500
) -> list[str]:
    suites = tuple(Suite(f"new-{i}", robot, side, (), "") for i, side in enumerate(sides))
    monkeypatch.setattr(draw, "all_suites", lambda: suites)
    rng = np.random.default_rng(0)
    return [sample_training_perturbation(robot, rng, paired_share=1.0) for _ in range(count)]


def test_slack_joints_of_two_sides_never_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = (SlackJoints(3), SlackJoint(3))
    for text in set(drawn("half-cheetah", sides, monkeypatch)):
        (part,) = together(parse_perturbation(text, "half-cheetah").members, "half-cheetah") or (0,)
        assert not part or any(side.covers(part) for side in sides), text


@pytest.mark.parametrize(
    "sides",
    [
        (RandomRelief(), PierDamping(10)),
        (ScaledBody((0.8, 1.2)), LoadedBody(2.0, 3.0)),
        (MotorGains(4), WeakMotors(6, 0.5)),
    ],
)
def test_grounds_and_parts_of_one_kind_stay_alone(
    sides: Sequence[TrainSide], monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in drawn("half-cheetah", sides, monkeypatch, 300):
        parts = parse_perturbation(text, "half-cheetah").members  # never two grounds at a time
        assert len({part.kind for part in parts}) == len(parts)


def test_what_was_not_used_leaves_the_stream_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A draw that was put back is as if it had not been: other draws do not depend on it."""
    sides = (RandomRelief(), PierDamping(10))
    monkeypatch.setattr(
        draw,
        "all_suites",
        lambda: tuple(Suite(str(i), "ant", s, (), "") for i, s in enumerate(sides)),
    )
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    text = sample_training_perturbation("ant", rng, whole_share=0.0, paired_share=1.0)
    twin.random()
    first = twin.choice(2, size=2, replace=False)[0]
    assert text == sides[first].draw(twin)
    twin.random()
    assert rng.random() == twin.random()


@pytest.mark.parametrize("robot", ["half-cheetah", "ant", "a1"])
def test_what_ships_pairs_as_before(robot: str) -> None:
    """All of a robot's sides but equal ones, and the two grounds of the half-cheetah."""
    rng = np.random.default_rng(0)
    for one in suites_of(robot):
        for other in suites_of(robot):
            alike = one.train == other.train or {one.name, other.name} == {"slopes", "pier"}
            for _ in range(10):
                texts = one.train.draw(rng), other.train.draw(rng)
                assert clash(*texts, robot) <= alike, texts


@pytest.mark.parametrize("side", [SlackJoints(1), SlackJoint(1), SlackLeg(1), GroundKinds(1, 0.9)])
def test_the_smallest_sides_draw(side: TrainSide) -> None:
    rng = np.random.default_rng(0)
    texts = {side.draw(rng) for _ in range(50)}
    assert all(
        side.covers(part) for text in texts for part in parse_perturbation(text, "ant").members
    )
