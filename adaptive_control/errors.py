"""Errors that people are meant to read.

`robots`, `controllers` and `deploy` have roots of their own, because none of them imports this
package; the command line treats all alike: one line on standard error, exit status 2.
"""

from __future__ import annotations

__all__ = ["AdaptiveControlError"]


class AdaptiveControlError(ValueError):
    """Something that was asked for cannot be done.

    The message is one line: the field, its value, what is allowed.
    """
