"""The first section of table.md: a line for each method and robot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adaptive_control.evaluation.grouping import Results, by_suite, columns, tested
from adaptive_control.evaluation.no_harm import unharmed
from adaptive_control.evaluation.statistics import Estimate
from adaptive_control.evaluation.summary import (
    Pooled,
    compared,
    errors,
    pooled,
    recovery,
    times,
)
from adaptive_control.evaluation.table_parts import (
    Section,
    interval,
    lines_of,
    recovered,
    value,
)
from adaptive_control.evaluation.table_returns import known_oracles

__all__ = ["at_a_glance"]

REFERENCES = ("mb", "mb-de")
"""Without adaptation, and with the plainest."""

Conditions = Sequence[Mapping[str, Any]]


def at_a_glance(results: Results) -> Section:
    """Robots and variants by what is looked for first, over all suites of the robot."""
    words = (
        "Over all perturbations of the robot's suites: return for each scored control step; how "
        "many times mb's (runs resampled in pairs of one seed); return over an oracle's, where one "
        "is known; in how many suites the interval lies above and below that of mb and of mb-de; "
        "recovery as below; return on the unperturbed robot over mb's; error on K transitions "
        "after adapting over before."
    )
    oracles = known_oracles(results)
    heads = [
        "robot", "method", "return a step", "times mb", *(f"of {oracle}" for oracle in oracles),
        *(f"over, under {r}" for r in REFERENCES), "recovery", "no harm", "error ratio",
    ]  # fmt: skip
    steps, variants = results["settings"]["budget"]["steps"], columns(results)
    robots: dict[str, list[Mapping[str, Any]]] = {}
    for condition in results["conditions"]:
        robots.setdefault(condition["robot"], []).append(condition)
    rows = []
    for robot, conditions in robots.items():
        found = ((v, _row(conditions, v, oracles, steps)) for v in variants)
        # Not every variant is there for every robot: own rounds, or a model of one suite.
        rows += [[robot, v, *row] for v, row in found if set(row) != {"-"}]
    return "At a glance", words, lines_of(heads, rows)


def _row(conditions: Conditions, variant: str, oracles: Sequence[str], steps: int) -> list[str]:
    under = tested(conditions)
    suites = [tested(group) for group in by_suite({"conditions": conditions}).values()]
    found = errors(under, variant, "K transitions")
    return [
        value(replace(compared(under, variant, steps), over=None), None),
        _or_nothing(None if variant == "mb" else times(under, variant, steps)),
        *(_share(under, variant, oracle, steps) for oracle in oracles),
        *(_suites([compared(s, variant, steps, r) for s in suites]) for r in REFERENCES),
        recovered(recovery(under, variant)),
        unharmed(conditions, variant),
        f"{found[1] / found[0]:.2f}" if found and found[0] > 0 else "-",
    ]


def _share(conditions: Conditions, variant: str, oracle: str, steps: int) -> str:
    """Of the oracle's return."""
    if variant == oracle:
        return "-"
    return value(replace(pooled(conditions, variant, steps, oracle), p_value=None), None)


def _suites(found: Sequence[Pooled]) -> str:
    """In how many suites the interval lies above and below the reference's."""
    ahead = [suite.ahead for suite in found if suite.ahead is not None]
    return f"{ahead.count(1)}, {ahead.count(-1)} of {len(ahead)}" if ahead else "-"


def _or_nothing(found: Estimate | None) -> str:
    return interval(found) if found else "-"
