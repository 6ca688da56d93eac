"""What acts together, in one form for everything that does the same to the robot.

Whether training can meet a perturbation is decided part by part, so parts must not hide what they
add up to: slack joints in two parts are one part, and a motor of no gain is a slack joint.
"""

from __future__ import annotations

from collections.abc import Sequence

from robots import get_robot, parse_perturbation
from robots.perturbations import Perturbation
from robots.perturbations.actuators import ActuatorGain
from robots.perturbations.body import Damping, Mass, Payload
from robots.perturbations.ground import Friction, Slope
from robots.perturbations.joints import CrippledJoint, CrippledLeg
from robots.perturbations.one_number import OneNumber

__all__ = ["clash", "together"]

_NOTHING: dict[type[OneNumber], float] = {
    Mass: 1.0, Damping: 1.0, Friction: 1.0, Payload: 0.0, Slope: 0.0,
}  # fmt: skip
"""Values that change nothing."""


def together(parts: Sequence[Perturbation], robot: str) -> tuple[Perturbation, ...]:
    """Parts that do the same as these, when all act at once.

    At most one is a `CrippledJoint`, of all slack joints but those of shrunken legs, and at most
    one an `ActuatorGain`, of single motors that pull otherwise than they should. What changes
    nothing is left out.

    Args:
        parts: the perturbations.
        robot: the robot's name.
    """
    spec, leg_geoms = get_robot(robot).spec, get_robot(robot).leg_geoms
    slack: set[int] = set()
    stumps: set[int] = set()
    gains = dict.fromkeys(range(spec.action_size), 1.0)
    rest: list[Perturbation] = []
    for part in parts:
        if isinstance(part, CrippledJoint):
            slack |= set(part.joints)
        elif isinstance(part, CrippledLeg) and leg_geoms.get(part.leg):  # it also shrinks
            stumps |= set(spec.legs[part.leg])
            rest.append(part)
        elif isinstance(part, CrippledLeg):
            slack |= set(spec.legs[part.leg])
        elif isinstance(part, ActuatorGain):
            for joint, factor in part.gains:
                for motor in gains if joint is None else (joint,):
                    gains[motor] *= factor
        elif not (isinstance(part, OneNumber) and part.value == _NOTHING.get(type(part))):
            rest.append(part)
    slack = (slack | {motor for motor, factor in gains.items() if factor == 0.0}) - stumps
    changed = {m: f for m, f in gains.items() if f != 1.0 and m not in slack | stumps}
    if slack:
        rest.append(CrippledJoint(joints=tuple(sorted(slack))))
    if changed:
        rest.append(_Gains(gains=tuple(sorted(changed.items()))))
    return tuple(rest)


class _Gains(ActuatorGain):
    """Gains of several parts multiplied: they may be beyond what one part may have."""

    def __post_init__(self) -> None:
        pass


def clash(one: str, other: str, robot: str) -> bool:
    """Whether two texts must not act together in a draw.

    They do not if both lay the ground, or both hold parts of one kind: these add up to what
    neither could have drawn.
    """
    first, second = (together(parse_perturbation(t, robot).members, robot) for t in (one, other))
    return any(
        a.kind == b.kind or (a.exclusive and a.exclusive == b.exclusive)
        for a in first
        for b in second
    )
