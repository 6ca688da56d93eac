"""What the sections of table.md are made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from adaptive_control.evaluation.statistics import Estimate
from adaptive_control.evaluation.summary import Pooled, Recovery

__all__ = [
    "MISSING", "Section", "interval", "lines_of", "recovered", "rests_on", "value",
]  # fmt: skip

MISSING = "missing"

Section = tuple[str, str, list[str]]
"""Heading, words below it, lines of the table; without lines there is no section."""


def value(found: Pooled, p_value: float | None) -> str:
    """A figure, its interval, what it rests on, and its p-value if there is one.

    Beside a reference also how many times its figure, in bold where the interval lies above its.
    """
    if found.estimate is None:
        return MISSING if found.wanted else "-"
    said = interval(found.estimate)
    if found.over is not None:
        said = f"{f'**{said}**' if found.ahead == 1 else said} {found.over:.2f} x"
    said += rests_on(found.known, found.wanted)
    return said if p_value is None else f"{said} p={p_value:.2g}"


def recovered(found: Recovery) -> str:
    """Median of the control steps, and the share that never does."""
    if not found.wanted or found.median is None or found.never is None:
        return "-" if not found.wanted or found.known else MISSING
    median = "never" if math.isinf(found.median) else f"{found.median:.0f}"
    return f"{median}; {found.never:.0%}{rests_on(found.known, found.wanted)}"


def rests_on(known: int, wanted: int) -> str:
    """How many conditions a figure rests on, where some are missing."""
    return "" if known == wanted else f" ({known} of {wanted} conditions)"


def interval(found: Estimate) -> str:
    """A figure with its interval, where that is known."""
    if found.low is None or found.high is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def lines_of(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]
