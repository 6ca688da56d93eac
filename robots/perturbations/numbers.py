"""Numbers in the text form."""

from __future__ import annotations

import math

import numpy as np

from robots.errors import RobotError

__all__ = ["finite", "format_number", "parse_number"]


def format_number(value: float) -> str:
    """Shortest decimal that reads back as the same number; no exponent, as `+` joins the text."""
    return np.format_float_positional(value, trim="-")


def parse_number(text: str, kind: str, takes: str) -> float:
    """A decimal number.

    Raises:
        RobotError: it is none, or not finite.
    """
    try:
        if not text.isascii() or "_" in text:
            raise ValueError
        value = float(text)
    except ValueError:
        raise RobotError(f"{kind}: {text!r} is not a number; allowed: {takes}") from None
    if not math.isfinite(value):
        raise RobotError(f"{kind}: {text!r} is not finite; allowed: {takes}")
    return value


def finite(value: float, low: float, high: float) -> bool:
    """Whether value is a number in [low, high]."""
    return math.isfinite(value) and low <= value <= high
