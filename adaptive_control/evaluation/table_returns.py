"""The sections of table.md that are about returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adaptive_control.evaluation.grouping import Results, by_suite, columns, tested
from adaptive_control.evaluation.metrics import LEAST_ORACLE
from adaptive_control.evaluation.plan import MODEL_ORACLE, SIMULATOR_ORACLE
from adaptive_control.evaluation.statistics import holm
from adaptive_control.evaluation.summary import Pooled, compared, pooled, raw, unusable
from adaptive_control.evaluation.table_parts import (
    MISSING,
    Section,
    interval,
    lines_of,
    value,
)

__all__ = ["ORACLES", "every_condition", "known_oracles", "normalised", "per_step"]

ORACLES = (MODEL_ORACLE, SIMULATOR_ORACLE)

_STEP = "Return for each scored control step: about the speed [m/s], less the effort."
_TEST = (
    "p: Wilcoxon signed rank test against mb on runs of the same seed and condition, two-sided, "
    "corrected for all comparisons in this table (Holm)."
)


def known_oracles(results: Results) -> list[str]:
    """The oracles that were run under any condition."""
    return [o for o in ORACLES if any(o in c["results"] for c in results["conditions"])]


def normalised(results: Results, oracle: str) -> Section:
    """Suites by variants, relative to an oracle, with paired tests against mb."""
    heading = f"Return over the {oracle}'s"
    steps = results["settings"]["budget"]["steps"]
    if oracle not in known_oracles(results):
        return heading, "", []
    rows, variants = _rows(results), [v for v in columns(results) if v != oracle]
    found = {
        (row, variant): pooled(conditions, variant, steps, oracle)
        for row, conditions in rows.items()
        for variant in variants
    }
    lines = _lines(rows, variants, found)
    left_out = unusable(rows.get("all suites") or next(iter(rows.values())), oracle, steps)
    if left_out:
        names = ", ".join(f"`{c['perturbation']}` ({c['robot']})" for c in left_out)
        lines += ["", f"Left out, as the oracle earns less than {LEAST_ORACLE} a step: {names}."]
    return heading, f"1 is the oracle, 0 a robot that stands still. {_TEST}", lines


def per_step(results: Results) -> Section:
    """Suites by variants, beside mb: without any oracle."""
    words = (
        f"{_STEP} In brackets the interval, then how many times mb's; in bold where the interval "
        f"lies above mb's, over the conditions that both have. Robots are not averaged over. "
        f"{_TEST}"
    )
    rows, variants = _rows(results, of_each_robot=True), columns(results)
    steps = results["settings"]["budget"]["steps"]
    found = {
        (row, variant): compared(conditions, variant, steps)
        for row, conditions in rows.items()
        for variant in variants
    }
    return "Return for each step", words, _lines(rows, variants, found)


def _rows(results: Results, of_each_robot: bool = False) -> dict[str, list[Mapping[str, Any]]]:
    """Conditions under a perturbation by suite, and all of them, or of each robot, together."""
    suites = {name: tested(group) for name, group in by_suite(results).items()}
    together: dict[str, list[Mapping[str, Any]]] = {}
    for group in suites.values():
        for condition in group:
            name = f"{condition['robot']} all suites" if of_each_robot else "all suites"
            together.setdefault(name, []).append(condition)
    more = {name: group for name, group in together.items() if group not in suites.values()}
    return {**suites, **more}


def _lines(
    rows: Iterable[str],
    variants: Sequence[str],
    found: Mapping[tuple[str, str], Pooled],
) -> list[str]:
    """A table of figures whose p-values are corrected together."""
    p_values = holm([figure.p_value for figure in found.values()])
    cells: dict[tuple[str, str], str] = {}
    for (key, figure), p_value in zip(found.items(), p_values, strict=True):
        cells[key] = value(figure, p_value)
    return lines_of(
        ["suite", *variants], [[row, *(cells[row, v] for v in variants)] for row in rows]
    )


def every_condition(results: Results) -> Section:
    """Conditions by variants."""
    variants, steps = columns(results), results["settings"]["budget"]["steps"]
    rows = []
    for condition in results["conditions"]:
        cells = []
        for variant in variants:
            if variant not in condition["results"]:
                cells.append("-")
            else:
                found = raw(condition, variant, steps)
                cells.append(interval(found) if found else MISSING)
        name = f"{condition['robot']} {condition['suite']}"
        rows.append([name, f"`{condition['perturbation']}`", *cells])
    return "Every condition", _STEP, lines_of(["suite", "perturbation", *variants], rows)
