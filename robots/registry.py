"""The robots by name. A new robot is a folder and one line here."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from robots.errors import RobotError
from robots.robot import Robot

__all__ = ["get_robot", "robot_names"]

# Named, not imported: a robot's module loads when it is asked for.
_ROBOTS = {
    "half-cheetah": "robots.half_cheetah",
    "ant": "robots.ant",
    "a1": "robots.a1",
}


def robot_names() -> tuple[str, ...]:
    """Names that `get_robot` accepts."""
    return tuple(_ROBOTS)


@cache
def get_robot(name: str) -> Robot:
    """The robot of that name; always the same object.

    Raises:
        RobotError: no robot has that name.
    """
    if name not in _ROBOTS:
        raise RobotError(f"robot {name!r} is unknown; allowed: {', '.join(_ROBOTS)}")
    return import_module(_ROBOTS[name]).ROBOT
