"""What the sections of table.md are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adaptive_control.evaluation.statistics import Estimate
from adaptive_control.evaluation.summary import Pooled

__all__ = [
    "MISSING", "Results", "Section", "by_suite", "columns", "interval", "lines_of", "rests_on",
    "tested", "value",
]  # fmt: skip

MISSING = "missing"

Results = Mapping[str, Any]

Section = tuple[str, str, list[str]]
"""Heading, words below it, lines of the table; without lines there is no section."""


def columns(results: Results) -> list[str]:
    """The variants that are no ablation."""
    varied = {
        name
        for condition in results["conditions"]
        for name, result in condition["results"].items()
        if result["group"]
    }
    return [name for name in results["variants"] if name not in varied]


def by_suite(results: Results) -> dict[str, list[Mapping[str, Any]]]:
    """Conditions by robot and suite."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for condition in results["conditions"]:
        groups.setdefault(f"{condition['robot']} {condition['suite']}", []).append(condition)
    return groups


def tested(conditions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those with a perturbation."""
    return [condition for condition in conditions if condition["onset"] != "none"]


def value(found: Pooled, p_value: float | None) -> str:
    """A figure, its interval, what it rests on, and its p-value if there is one."""
    if found.estimate is None:
        return MISSING if found.wanted else "-"
    said = interval(found.estimate) + rests_on(found.known, found.wanted)
    return said if p_value is None else f"{said} p={p_value:.2g}"


def rests_on(known: int, wanted: int) -> str:
    """How many conditions a figure rests on, where some are missing."""
    return "" if known == wanted else f" ({known} of {wanted} conditions)"


def interval(found: Estimate) -> str:
    """A figure with its interval."""
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def lines_of(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]
