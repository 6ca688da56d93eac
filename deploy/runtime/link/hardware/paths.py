"""Numbers of a message by their path: `angular_velocity.x`, `foot_force.2`."""

from __future__ import annotations

from typing import Any

from deploy.runtime.link.hardware.pose import MissingError

__all__ = ["number_at"]


def number_at(message: Any, path: str) -> float:
    """The number at a path of attributes and indices.

    Raises:
        MissingError: the message has no such number.
    """
    found = message
    for part in path.split("."):
        try:
            found = found[int(part)] if part.isdecimal() else getattr(found, part)
        except (AttributeError, IndexError, TypeError):
            raise MissingError(path) from None
    try:
        return float(found)
    except (TypeError, ValueError):
        raise MissingError(path) from None
