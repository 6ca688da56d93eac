"""The error that everything in `robots` raises for bad input."""

from __future__ import annotations

__all__ = ["RobotError"]


class RobotError(ValueError):
    """Bad input: one line that names the part, its value and what is allowed."""
