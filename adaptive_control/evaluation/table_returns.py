"""The sections of table.md that are about returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from adaptive_control.evaluation.grouping import Results, by_suite, columns, tested
from adaptive_control.evaluation.metrics import LEAST_ORACLE
from adaptive_control.evaluation.plan import MODEL_ORACLE, SIMULATOR_ORACLE
from adaptive_control.evaluation.statistics import Estimate, holm
from adaptive_control.evaluation.summary import Pooled, compared, harm, pooled, raw, unusable
from adaptive_control.evaluation.table_parts import (
    MISSING,
    Section,
    interval,
    lines_of,
    rests_on,
    value,
)

__all__ = ["ORACLES", "every_condition", "no_harm", "normalised", "per_step"]

Say = Callable[[Pooled, float | None], str]

ORACLES = (MODEL_ORACLE, SIMULATOR_ORACLE)

_STEP = "Return for each scored control step: about the speed [m/s], less the effort."
_TEST = (
    "p: Wilcoxon signed rank test against mb on runs of the same seed and condition, two-sided, "
    "corrected for all comparisons in this table (Holm)."
)


def normalised(results: Results, oracle: str) -> Section:
    """Suites by variants, relative to an oracle, with paired tests against mb."""
    heading = f"Return over the {oracle}'s"
    steps = results["settings"]["budget"]["steps"]
    if not any(oracle in c["results"] for c in results["conditions"]):
        return heading, "", []
    rows, variants = _rows(results), [v for v in columns(results) if v != oracle]
    found = {
        (row, variant): pooled(conditions, variant, steps, oracle)
        for row, conditions in rows.items()
        for variant in variants
    }
    lines = _lines(rows, variants, {at: (figure, value) for at, figure in found.items()})
    left_out = unusable(rows.get("all suites") or next(iter(rows.values())), oracle, steps)
    if left_out:
        names = ", ".join(f"`{c['perturbation']}` ({c['robot']})" for c in left_out)
        lines += ["", f"Left out, as the oracle earns less than {LEAST_ORACLE} a step: {names}."]
    return heading, f"1 is the oracle, 0 a robot that stands still. {_TEST}", lines


def per_step(results: Results) -> Section:
    """Suites by variants, beside mb: without any oracle."""
    words = (
        f"{_STEP} In brackets the interval, then how many times mb's; in bold where the interval "
        f"lies above mb's. {_TEST}"
    )
    rows, variants = _rows(results), columns(results)
    steps = results["settings"]["budget"]["steps"]
    figures: dict[tuple[str, str], tuple[Pooled, Say]] = {}
    for row, conditions in rows.items():
        reference = compared(conditions, "mb", steps).estimate
        for variant in variants:
            figure = compared(conditions, variant, steps)
            figures[row, variant] = figure, partial(_beside, reference)
    lines = _lines(rows, variants, figures)
    return "Return for each step", words, lines


def _rows(results: Results) -> dict[str, list[Mapping[str, Any]]]:
    """Conditions under a perturbation by suite, and all of them together."""
    rows = {name: tested(group) for name, group in by_suite(results).items()}
    if len(rows) > 1:
        rows["all suites"] = [c for group in rows.values() for c in group]
    return rows


def _lines(
    rows: Iterable[str],
    variants: Sequence[str],
    figures: Mapping[tuple[str, str], tuple[Pooled, Say]],
) -> list[str]:
    """A table of figures, each with how it is said, whose p-values are corrected together."""
    p_values = holm([figure.p_value for figure, _ in figures.values()])
    cells = {
        at: say(figure, p_value)
        for (at, (figure, say)), p_value in zip(figures.items(), p_values, strict=True)
    }
    return lines_of(
        ["suite", *variants], [[row, *(cells[row, v] for v in variants)] for row in rows]
    )


def _beside(reference: Estimate | None, found: Pooled, p_value: float | None) -> str:
    if found.estimate is None or found.over is None:
        return value(found, p_value)
    estimate = interval(found.estimate)
    if reference is not None and found.estimate.low > reference.high:
        estimate = f"**{estimate}**"
    said = f"{estimate} {found.over:.2f} x{rests_on(found.known, found.wanted)}"
    return said if p_value is None else f"{said} p={p_value:.2g}"


def no_harm(results: Results) -> Section:
    """The unperturbed robot, beside mb."""
    words = (
        "Return on the unperturbed robot over that of mb, on the same seeds: below 1, a user pays "
        "for adaptation while nothing is wrong."
    )
    variants = [v for v in columns(results) if v not in ("mb", *ORACLES)]
    rows: dict[str, list[str]] = {}
    for condition in results["conditions"]:
        if condition["onset"] != "none" or condition["robot"] in rows:
            continue
        cells = []
        for variant in variants:
            if variant not in condition["results"]:
                cells.append("-")
            elif "mb" not in condition["results"]:
                cells.append("no mb")
            else:
                found = harm(condition, variant)
                cells.append(interval(found) if found else MISSING)
        rows[condition["robot"]] = [condition["robot"], *cells]
    return "No harm", words, lines_of(["robot", *variants], rows.values()) if variants else []


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
