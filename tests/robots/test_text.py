"""The text form of perturbations, and what bad text gets told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robots import Perturbation, Perturbations, RobotError, Schedule, parse_perturbation
from robots.perturbations import KINDS
from robots.perturbations.actuators import ActuatorGain
from robots.perturbations.joints import CrippledJoint, CrippledLeg
from robots.perturbations.one_number import OneNumber
from robots.perturbations.sensors import Delay, SensorBias
from robots.perturbations.terrain import Terrain

ROBOT = "ant"

times = st.floats(0, 1000)
schedules = st.one_of(
    st.just(Schedule()),
    st.builds(Schedule, times),
    st.tuples(times, times).filter(lambda t: t[0] != t[1]).map(lambda t: Schedule(min(t), max(t))),
)
joints = st.integers(0, 7)
gains = st.floats(-3, 3)


def numbers(kind: type[OneNumber]) -> st.SearchStrategy[Perturbation]:
    return st.floats(kind.low, kind.high).map(lambda value: kind(value=value))


plain = {
    "crippled-joint": st.sets(joints, min_size=1).map(
        lambda j: CrippledJoint(joints=tuple(sorted(j)))
    ),
    "crippled-leg": st.sampled_from("0123").map(lambda leg: CrippledLeg(leg=leg)),
    "actuator-gain": st.one_of(
        gains.map(lambda g: ActuatorGain(gains=((None, g),))),
        st.dictionaries(joints, gains, min_size=1).map(
            lambda g: ActuatorGain(gains=tuple(sorted(g.items())))
        ),
    ),
    "terrain": st.one_of(
        st.sampled_from(["basin", "hill", "gentle", "steep"]),
        st.integers(0, 10**9 - 1).map(lambda seed: f"random-{seed}"),
    ).map(lambda shape: Terrain(shape=shape)),
    "sensor-bias": st.builds(
        lambda offset: SensorBias(field="height", offset=offset), st.floats(-1000, 1000)
    ),
    "delay": st.integers(1, 4).map(lambda steps: Delay(seconds=round(0.05 * steps, 6))),
} | {
    name: numbers(kind)  # pyright: ignore[reportArgumentType]
    for name, kind in KINDS.items()
    if issubclass(kind, OneNumber)
}
members = st.builds(
    lambda perturbation, schedule: perturbation.scheduled(schedule),
    st.one_of(*plain.values()),
    schedules,
)


def grounds(perturbations: list[Perturbation]) -> int:
    return sum(p.exclusive == "ground" for p in perturbations)


def test_every_kind_is_generated() -> None:
    assert plain.keys() == KINDS.keys()


@given(st.lists(members, max_size=4).filter(lambda p: grounds(p) < 2))
def test_text_reads_back_as_the_same(perturbations: list[Perturbation]) -> None:
    given_ones = Perturbations(tuple(perturbations))
    text = str(given_ones)
    assert parse_perturbation(text, ROBOT) == given_ones
    assert str(parse_perturbation(text, ROBOT)) == text


words = st.sampled_from([*KINDS, ":", "@", "-", "+", "=", ",", "s", "0", "1.5", "nan", "inf", " "])


@settings(max_examples=300)
@given(st.one_of(st.text(), st.lists(words, max_size=8).map("".join)))
def test_garbage_gets_one_line(text: str) -> None:
    message = "allowed"
    try:
        parse_perturbation(text, ROBOT)
    except RobotError as error:
        message = str(error)
    assert "allowed" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "kind '' is unknown; allowed: none, crippled-joint"),
        ("melt:3", "kind 'melt' is unknown"),
        ("mass", "'mass' has no argument; allowed: mass:a factor from 0.1 to 10"),
        ("mass:", "has no argument"),
        ("mass:2+", "kind '' is unknown"),
        ("none+mass:2", "kind 'none' is unknown"),
        ("mass:heavy", "mass: 'heavy' is not a number; allowed: a factor from 0.1 to 10"),
        ("mass:nan", "mass: 'nan' is not finite"),
        ("mass:-1", "mass: -1.0 is not allowed; allowed: a factor from 0.1 to 10"),
        ("payload:inf", "payload: 'inf' is not finite"),
        ("damping:1e3", "damping: 1000.0 is not allowed"),
        ("slope:90", "slope: 90.0 is not allowed; allowed: degrees from -60 to 60"),
        ("friction:0", "friction: 0.0 is not allowed"),
        ("pier:-1", "pier: -1.0 is not allowed; allowed: damping from 0 to 1000 N s/m"),
        ("crippled-joint:9", "joint 9 is not allowed; allowed: 0 to 5 on half-cheetah"),
        ("crippled-joint:-1", "'-1' is not allowed"),
        ("crippled-joint:1,1", "'1,1' repeats a joint"),
        ("crippled-joint:" + "9" * 5000, "is not allowed"),
        ("crippled-joint:\u0664", "is not allowed"),
        ("crippled-leg:2", "leg '2' is not allowed; allowed: back, front on half-cheetah"),
        ("actuator-gain:3=x", "'x' is not a number"),
        ("actuator-gain:9=1", "joint 9 is not allowed"),
        ("actuator-gain:1=1,1=2", "joint 1 is given twice"),
        ("actuator-gain:7", "factor 7.0 is not allowed; allowed: -3 to 3"),
        ("terrain:moon", "'moon' is not allowed; allowed: basin, hill, gentle, steep or random-"),
        ("terrain:random-x", "'random-x' is not allowed"),
        ("sensor-bias:pitch", "'pitch' is not allowed; allowed: FIELD=VALUE"),
        ("sensor-bias:mood=1", "field 'mood' is not allowed; allowed: height, pitch"),
        ("sensor-bias:pitch=nan", "'nan' is not finite"),
        ("delay:0.05", "'0.05' is not allowed; allowed: seconds with an s"),
        ("delay:0s", "0.0 s is not allowed"),
        ("delay:2s", "2.0 s is not allowed"),
        ("delay:0.07s", "0.07 s is not allowed; allowed: multiples of half-cheetah's control"),
        ("delay:0.6s+delay:0.6s", "1.2 s in all is not allowed; allowed: at most 1 s"),
        ("mass:2@5", "time '5' is not allowed; allowed: times with an s"),
        ("mass:2@", "time '' is not allowed"),
        ("mass:2@-1s", "time '-1s' is not allowed"),
        ("mass:2@" + "9" * 400 + "s", "'999"),
        ("mass:2@10000000s", "onset 10000000.0 s is not allowed; allowed: 0 to 1000000 s"),
        ("mass:2@1s-", "time '1s-' is not allowed"),
        ("mass:2@1..2s", "'1..2' is not a number"),
        ("mass:2@5s-5s", "end 5.0 s with onset 5.0 s; allowed: an end after an onset"),
        ("mass:2@5s@6s", "is not allowed"),
        ("pier:1+terrain:hill", "act at the same time; allowed: one kind of ground at a time"),
        ("pier:1@1s-3s+pier:2@2s", "act at the same time"),
    ],
)
def test_bad_text_names_the_part_and_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(RobotError) as caught:
        parse_perturbation(text, "half-cheetah")
    assert message in str(caught.value)
    assert "allowed" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_text() -> None:
    with pytest.raises(RobotError, match="is not text"):
        parse_perturbation(3, "ant")  # pyright: ignore[reportArgumentType]
    with pytest.raises(RobotError, match="'dog' is unknown"):
        parse_perturbation("none", "dog")


def test_design_example() -> None:
    perturbations = parse_perturbation("crippled-leg:3@5s+mass:1.5@8s-10s", "ant")
    leg, mass = perturbations.members
    assert leg == CrippledLeg(leg="3", schedule=Schedule(5.0))
    assert mass.schedule == Schedule(8.0, 10.0)
    assert perturbations.onsets == (5.0, 8.0, 10.0)


def test_canonical_text() -> None:
    for text, canonical in {
        "none": "none",
        " mass:2.0 + slope:-05 ": "mass:2+slope:-5",
        "crippled-joint:3,0@0.50s": "crippled-joint:0,3@0.5s",
        "actuator-gain:3=-1.0,1=1e-5": "actuator-gain:1=0.00001,3=-1",
    }.items():
        assert str(parse_perturbation(text, "ant")) == canonical


def test_onsets_can_be_given_later() -> None:
    perturbations = parse_perturbation("mass:2+slope:5@1s", "ant")
    assert str(perturbations.with_schedule(3.0)) == "mass:2@3s+slope:5@1s"
    assert str(perturbations.with_schedule(3.0, 4.0)) == "mass:2@3s-4s+slope:5@1s"
    assert str(perturbations.delayed_by(2.0)) == "mass:2@2s+slope:5@3s"
    assert parse_perturbation("none", "ant").with_schedule(3.0).onsets == ()


def test_adjacent_grounds_may_follow_each_other() -> None:
    parse_perturbation("pier:1@1s-2s+terrain:hill@2s", "ant")
