"""Suites: the train and test perturbations of each robot.

The train side is a distribution, the test side a list that is used for reporting alone. Both are
perturbation texts, so that files, plots and the command line speak of the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from adaptive_control.errors import AdaptiveControlError

__all__ = ["SUITES", "Suite", "sample_training_perturbation", "suites_of"]

Sampler = Callable[[np.random.Generator], str]


@dataclass(frozen=True)
class Suite:
    """Train and test perturbations of one robot.

    Attributes:
        name: as users type it.
        robot: the robot's name.
        train: draws one training perturbation.
        test: perturbations held out from all training of that robot.
        summary: one line for people.
    """

    name: str
    robot: str
    train: Sampler
    test: tuple[str, ...]
    summary: str


_WHOLE = 0.1
_TOGETHER = 0.5
_GROUNDS = {"slopes", "pier"}
"""Suites that lay the ground; a robot stands on one."""

_SCALES = (0.75, 0.85, 1.0, 1.15, 1.25)


def _slack_joints(rng: np.random.Generator) -> str:
    """None, or one or two of joints 0-3."""
    count = rng.integers(0, 3)
    if count == 0:
        return "none"
    joints = sorted(rng.choice(4, size=count, replace=False).tolist())
    return "crippled-joint:" + ",".join(map(str, joints))


def _slack_leg(rng: np.random.Generator) -> str:
    """None, or one of the ant's legs 0-2."""
    leg = rng.integers(-1, 3)
    return "none" if leg < 0 else f"crippled-leg:{leg}"


def _motors(joints: int) -> Sampler:
    """Gains in [0.5, 1] on the first `joints` motors; half the time one of them is reversed."""

    def sample(rng: np.random.Generator) -> str:
        gains = rng.uniform(0.5, 1.0, joints)
        if rng.random() < 0.5:
            gains[rng.integers(joints)] *= -1
        return "actuator-gain:" + ",".join(f"{j}={g:.3f}" for j, g in enumerate(gains))

    return sample


def _relief(rng: np.random.Generator) -> str:
    return f"terrain:random-{rng.integers(1000)}"


def _pier(rng: np.random.Generator) -> str:
    return f"pier:{rng.uniform(0, 10):.2f}"


def _body(rng: np.random.Generator) -> str:
    return f"mass:{rng.choice(_SCALES)}+damping:{rng.choice(_SCALES)}"


SUITES: tuple[Suite, ...] = (
    Suite(
        "crippled-joint", "half-cheetah", _slack_joints,
        ("crippled-joint:4", "crippled-joint:5", "crippled-joint:4,5"),
        "one or two slack joints, on joints never slack in training",
    ),
    Suite(
        "crippled-leg", "half-cheetah", _slack_joints,
        ("crippled-leg:back", "crippled-leg:front"),
        "a whole leg goes slack; training knew single joints only",
    ),
    Suite(
        "crippled-leg", "ant", _slack_leg,
        ("crippled-leg:3", "crippled-leg:0@0s-5s+crippled-leg:3@5s"),
        "a leg goes slack and shrinks; leg 3 never did in training",
    ),
    Suite(
        "slopes", "half-cheetah", _relief,
        ("terrain:basin", "terrain:hill", "terrain:gentle", "terrain:steep",
         "slope:15", "slope:-15"),
        "named reliefs and constant slopes; training knew random relief only",
    ),
    Suite(
        "pier", "half-cheetah", _pier,
        ("pier:10.5", "pier:15", "pier:20", "pier:11@0s-5s+pier:20@5s"),
        "a deck of sprung blocks, damped harder than any in training",
    ),
    Suite(
        "motors", "half-cheetah", _motors(4),
        ("actuator-gain:0.3", "actuator-gain:4=-1", "actuator-gain:5=-1",
         "actuator-gain:4=-1,5=-1"),
        "weak motors everywhere, or reversed ones that never were in training",
    ),
    Suite(
        "motors", "ant", _motors(6),
        ("actuator-gain:0.3", "actuator-gain:6=-1", "actuator-gain:7=-1",
         "actuator-gain:6=-1,7=-1"),
        "weak motors everywhere, or reversed ones that never were in training",
    ),
    Suite(
        "body", "half-cheetah", _body,
        ("mass:0.3", "mass:0.5", "mass:1.5", "mass:1.8",
         "damping:0.3", "damping:1.8"),
        "mass and joint damping beyond the trained range on both sides",
    ),
)  # fmt: skip
"""Every suite. No test perturbation lies in the union of the train sides of its robot."""


def suites_of(robot: str) -> tuple[Suite, ...]:
    """The suites of one robot.

    Raises:
        AdaptiveControlError: the robot has none.
    """
    found = tuple(suite for suite in SUITES if suite.robot == robot)
    if not found:
        known = ", ".join(sorted({suite.robot for suite in SUITES}))
        raise AdaptiveControlError(f"robot {robot!r}: has no suites; those that have: {known}")
    return found


def sample_training_perturbation(robot: str, rng: np.random.Generator) -> str:
    """One draw from the union of the robot's train sides, each side equally likely.

    One robot in ten is whole; half of the others suffer draws of two suites at once. A model that
    has met faults one at a time learns which of them it is; one that has met them together learns
    to identify what each does to the motion (docs/decisions/0007).
    """
    if rng.random() < _WHOLE:
        return "none"
    suites = suites_of(robot)
    first, second = (suites[index] for index in rng.choice(len(suites), size=2, replace=False))
    texts = [first.train(rng)]
    if rng.random() < _TOGETHER and not {first.name, second.name} <= _GROUNDS:
        texts.append(second.train(rng))
    return "+".join(text for text in texts if text != "none") or "none"
