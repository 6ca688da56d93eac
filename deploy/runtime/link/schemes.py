"""Kinds of links that need a library of their own, by the scheme of their text."""

from __future__ import annotations

import importlib

from deploy.runtime.link.base import RobotLink

__all__ = ["OPTIONAL", "open_optional"]

OPTIONAL = {
    "ros2": "deploy.runtime.link.ros2",
    "unitree": "deploy.runtime.link.unitree",
}
"""Module of each, which has `open_link(text, watch=False)`; imported only when it is asked for."""


def open_optional(text: str, *, watch: bool = False) -> RobotLink | None:
    """The link that `text` names if its scheme is one of these, else None.

    Raises:
        DeployError: the text, the wiring, a library that is missing, or the robot does not answer.
    """
    scheme, separator, _ = text.partition("://")
    if not separator or scheme not in OPTIONAL:
        return None
    return importlib.import_module(OPTIONAL[scheme]).open_link(text, watch=watch)
