"""The one error of this package that people are meant to read."""

from __future__ import annotations

__all__ = ["PlannerError", "require"]


class PlannerError(ValueError):
    """A planner, gate or agent setting that cannot be used.

    The message is one line: the field, its value, what is allowed.
    """


def require(condition: bool, field: str, value: object, allowed: str) -> None:
    """Raise a `PlannerError` that names the field, its value and what is allowed.

    Raises:
        PlannerError: when `condition` does not hold.
    """
    if not condition:
        raise PlannerError(f"{field}: {value!r} is not allowed; allowed: {allowed}")
