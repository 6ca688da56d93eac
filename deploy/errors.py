"""The one error of this package that people are meant to read."""

from __future__ import annotations

__all__ = ["DeployError"]


class DeployError(ValueError):
    """A bundle, a link or a setting that cannot be used.

    The message is one line: the field, its value, what is allowed.
    """
