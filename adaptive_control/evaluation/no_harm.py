"""No harm: what adapting costs on a robot that nothing is wrong with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adaptive_control.evaluation.grouping import Results, columns
from adaptive_control.evaluation.statistics import Estimate, averaged_ratio
from adaptive_control.evaluation.summary import returns_of
from adaptive_control.evaluation.table_parts import MISSING, Section, interval, lines_of
from adaptive_control.evaluation.table_returns import ORACLES

__all__ = ["harm", "no_harm", "unharmed"]

Conditions = Sequence[Mapping[str, Any]]

_NOT_COMPARED = ("mb", *ORACLES)


def harm(conditions: Conditions, variant: str, reference: str = "mb") -> Estimate | None:
    """Return on the unperturbed robot over the reference's: 1 or more is no harm.

    Args:
        conditions: of one robot. Each suite has the unperturbed robot among its own; a variant that
            is the same model in all of them has run once, one with a model for each suite counts
            with all of them.
        variant: whose.
        reference: whose return is 1.

    Returns:
        None if a cell is missing, or if the reference earns nothing that one could divide by.
    """
    runs = [
        (returns_of(condition, variant), returns_of(condition, reference))
        for condition in _whole(conditions, variant)
    ]
    distinct = [pair for index, pair in enumerate(runs) if pair not in runs[:index]]
    known = [(ours, theirs) for ours, theirs in distinct if ours is not None and theirs is not None]
    return averaged_ratio(known) if len(known) == len(distinct) else None


def unharmed(conditions: Conditions, variant: str) -> str:
    """The same, as a cell of a table."""
    whole = _whole(conditions, variant)
    if variant in _NOT_COMPARED or not whole:
        return "-"
    if any("mb" not in condition["results"] for condition in whole):
        return "no mb"
    if any(returns_of(c, name) is None for c in whole for name in (variant, "mb")):
        return MISSING
    found = harm(conditions, variant)
    return interval(found) if found else "mb earns nothing"


def no_harm(results: Results) -> Section:
    """The unperturbed robot, beside mb."""
    words = (
        "Return on the unperturbed robot over that of mb, on the same seeds: below 1, a user pays "
        "for adaptation while nothing is wrong. What has a model for each suite is averaged over "
        "them."
    )
    variants = [v for v in columns(results) if v not in _NOT_COMPARED]
    robots: dict[str, list[Mapping[str, Any]]] = {}
    for condition in results["conditions"]:
        if condition["onset"] == "none":
            robots.setdefault(condition["robot"], []).append(condition)
    rows = [
        [robot, *(unharmed(conditions, variant) for variant in variants)]
        for robot, conditions in robots.items()
    ]
    return "No harm", words, lines_of(["robot", *variants], rows) if variants and rows else []


def _whole(conditions: Conditions, variant: str) -> Conditions:
    return [c for c in conditions if c["onset"] == "none" and variant in c["results"]]
