"""The suites themselves; a new one is an entry here."""

from __future__ import annotations

from dataclasses import dataclass

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

__all__ = ["SUITES", "Suite"]


@dataclass(frozen=True)
class Suite:
    """Train and test perturbations of one robot.

    Attributes:
        name: as users type it; two robots may have a suite of the same name.
        robot: the robot's name.
        train: the distribution that training perturbations are drawn from.
        test: perturbations held out from all training of that robot. Those without times of their
            own are evaluated from the start and switched on in mid-episode.
        summary: one line for people.
    """

    name: str
    robot: str
    train: TrainSide
    test: tuple[str, ...]
    summary: str


SUITES: tuple[Suite, ...] = (
    Suite(
        "crippled-joint", "half-cheetah", SlackJoints(4),
        ("crippled-joint:4", "crippled-joint:5", "crippled-joint:4,5"),
        "one or two slack joints, on joints never slack in training",
    ),
    Suite(
        "crippled-leg", "half-cheetah", SlackJoints(4),
        ("crippled-leg:back", "crippled-leg:front"),
        "a whole leg goes slack; training knew single joints only",
    ),
    Suite(
        "crippled-leg", "ant", SlackLeg(3),
        ("crippled-leg:3", "crippled-leg:0@0s-5s+crippled-leg:3@5s"),
        "a leg goes slack and shrinks; leg 3 never did in training",
    ),
    Suite(
        "slopes", "half-cheetah", RandomRelief(),
        ("terrain:basin", "terrain:hill", "terrain:gentle", "terrain:steep",
         "slope:15", "slope:-15"),
        "named reliefs and constant slopes; training knew random relief only",
    ),
    Suite(
        "pier", "half-cheetah", PierDamping(10),
        ("pier:10.5", "pier:15", "pier:20", "pier:11@0s-5s+pier:20@5s"),
        "a deck of sprung blocks, damped harder than any in training",
    ),
    Suite(
        "motors", "half-cheetah", MotorGains(4),
        ("actuator-gain:0.3", "actuator-gain:4=-1", "actuator-gain:5=-1",
         "actuator-gain:4=-1,5=-1"),
        "weak motors everywhere, or reversed ones that never were in training",
    ),
    Suite(
        "motors", "ant", MotorGains(6),
        ("actuator-gain:0.3", "actuator-gain:6=-1", "actuator-gain:7=-1",
         "actuator-gain:6=-1,7=-1"),
        "weak motors everywhere, or reversed ones that never were in training",
    ),
    Suite(
        "body", "half-cheetah", ScaledBody((0.75, 0.85, 1.0, 1.15, 1.25)),
        ("mass:0.3", "mass:0.5", "mass:1.5", "mass:1.8",
         "damping:0.3", "damping:1.8"),
        "mass and joint damping beyond the trained range on both sides",
    ),
    Suite(
        "crippled-joint", "a1", SlackJoint(9),
        ("crippled-joint:9", "crippled-joint:10", "crippled-joint:11", "crippled-joint:9,10"),
        "slack joints of the rear left leg; training knew single joints of the other three",
    ),
    Suite(
        "motors", "a1", WeakMotors(9, 0.5),
        ("actuator-gain:0.4", "actuator-gain:9=0.3,10=0.3,11=0.3"),
        "weak motors everywhere, or in a leg whose motors were never weak in training",
    ),
    Suite(
        "body", "a1", LoadedBody(4.0, 5.0),
        ("payload:6", "payload:9", "mass:1.5"),
        "more on the back than in training; or every part of it heavier",
    ),
    Suite(
        "slopes", "a1", GroundKinds(8.0, 0.5),
        ("slope:12", "slope:-12", "terrain:basin", "terrain:hill", "friction:0.2"),
        "steeper, uneven or more slippery ground than in training",
    ),
)  # fmt: skip
"""Every suite. No test perturbation lies in the union of the train sides of its robot."""
