"""The robots by name: ours, and those that other installed packages bring.

A robot of ours is a folder and a line here. A package of your own names its robots in the entry
point group `adaptive_control.robots`, as `name = "module:OBJECT"`.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from robots.errors import RobotError
from robots.robot import Robot

__all__ = ["ROBOT_GROUP", "get_robot", "robot_names"]

ROBOT_GROUP = "adaptive_control.robots"
"""The group of entry points under which a package names its robots."""

# Named, not imported: a robot's module loads when it is asked for.
_OURS = {
    "half-cheetah": "robots.half_cheetah:ROBOT",
    "ant": "robots.ant:ROBOT",
    "a1": "robots.a1:ROBOT",
}


@cache
def _known() -> dict[str, EntryPoint]:
    known = {name: EntryPoint(name, value, ROBOT_GROUP) for name, value in _OURS.items()}
    for point in sorted(entry_points(group=ROBOT_GROUP), key=lambda point: point.name):
        if point.name in known:
            raise RobotError(
                f"robot {point.name!r} of {point.value} is there already, as "
                f"{known[point.name].value}; allowed: another name"
            )
        known[point.name] = point
    return known


def robot_names() -> tuple[str, ...]:
    """Names that `get_robot` accepts, ours first.

    Raises:
        RobotError: two packages bring robots of one name.
    """
    return tuple(_known())


@cache
def get_robot(name: str) -> Robot:
    """The robot of that name; always the same object.

    Raises:
        RobotError: no robot has that name, or an installed package's is none.
    """
    known = _known()
    if name not in known:
        raise RobotError(f"robot {name!r} is unknown; allowed: {', '.join(known)}")
    value = known[name].value
    try:
        robot = known[name].load()
    except (ImportError, AttributeError) as error:
        raise RobotError(f"robot {name!r}: cannot load {value}: {error}") from error
    if not isinstance(robot, Robot):
        raise RobotError(f"robot {name!r}: {value} is a {type(robot).__name__}; allowed: a Robot")
    if robot.spec.name != name:
        raise RobotError(f"robot {name!r}: {value} calls itself {robot.spec.name!r}")
    return robot
