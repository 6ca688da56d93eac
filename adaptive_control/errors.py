"""Errors that people are meant to read.

`robots` and `controllers` have roots of their own, because neither imports anything of ours; the
command line treats all three alike: one line on standard error, exit status 2.
"""

from __future__ import annotations

__all__ = ["AdaptiveControlError"]


class AdaptiveControlError(ValueError):
    """Something that was asked for cannot be done.

    The message is one line: the field, its value, what is allowed.
    """
