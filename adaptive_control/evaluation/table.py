"""table.md, from results.json alone; what is not there yet is shown as missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adaptive_control.evaluation.metrics import LEAST_ORACLE
from adaptive_control.evaluation.plan import MODEL_ORACLE, SIMULATOR_ORACLE
from adaptive_control.evaluation.statistics import Estimate, holm
from adaptive_control.evaluation.summary import (
    ERRORS,
    Pooled,
    errors,
    harm,
    pooled,
    raw,
    recovery,
    returns_of,
    unusable,
)

__all__ = ["MISSING", "table"]

MISSING = "missing"
ORACLES = (MODEL_ORACLE, SIMULATOR_ORACLE)

Results = Mapping[str, Any]


def table(results: Results) -> str:
    """The whole page."""
    sections = [_head(results)]
    for heading, words, lines in (
        _normalised(results, MODEL_ORACLE),
        _normalised(results, SIMULATOR_ORACLE),
        _recovery(results),
        _model_error(results),
        _harm(results),
        _raw(results),
        _ablations(results),
        _models(results),
        _compute(results),
    ):
        if lines:
            sections.append("\n".join([f"## {heading}", "", words, "", *lines]))
    return "\n\n".join(sections) + "\n"


def _head(results: Results) -> str:
    budget, progress = results["settings"]["budget"], results["progress"]
    lines = [
        "# Evaluation",
        "",
        f"{budget['seeds']} seeds, episodes of {budget['steps']} control steps, the same planner "
        f"for all: `{budget['planner']}`.",
        f"{progress['done']} of {progress['cells']} cells are done"
        + (
            "."
            if progress["done"] == progress["cells"]
            else f"; figures that need the others are shown as *{MISSING}* or with the number of "
            "conditions that they rest on."
        ),
        "",
        "Values are interquartile means over all runs with 95 % intervals from a bootstrap over "
        "seeds, stratified by condition.",
    ]
    if progress["failed"]:
        lines += ["", f"{len(progress['failed'])} cells failed:", ""]
        lines += [f"- `{cell}`: {error}" for cell, error in progress["failed"].items()]
    return "\n".join(lines)


Section = tuple[str, str, list[str]]


def _normalised(results: Results, oracle: str) -> Section:
    """Suites by variants; the stars are the paired tests."""
    heading = f"Return over the {oracle}'s"
    steps = results["settings"]["budget"]["steps"]
    variants = [v for v in _columns(results) if v != oracle]
    if not any(oracle in c["results"] for c in results["conditions"]):
        return heading, "", []
    rows = {name: _tests(group) for name, group in _by_suite(results).items()}
    if len(rows) > 1:
        rows["all suites"] = [c for group in rows.values() for c in group]
    found = {
        (row, variant): pooled(conditions, variant, steps, oracle)
        for row, conditions in rows.items()
        for variant in variants
    }
    corrected = dict(zip(found, holm([f.p_value for f in found.values()]), strict=True))
    lines = _table(
        ["suite", *variants],
        ([row, *(_cell(found[row, v], corrected[row, v]) for v in variants)] for row in rows),
    )
    left_out = unusable(rows.get("all suites") or next(iter(rows.values())), oracle, steps)
    if left_out:
        names = ", ".join(f"`{c['perturbation']}` ({c['robot']})" for c in left_out)
        lines += ["", f"Left out, as the oracle earns less than {LEAST_ORACLE} a step: {names}."]
    words = (
        "1 is the oracle, 0 a robot that stands still. p: Wilcoxon signed rank test against mb on "
        "runs of the same seed and condition, two-sided, corrected for all comparisons in this "
        "table (Holm)."
    )
    return heading, words, lines


def _recovery(results: Results) -> Section:
    words = (
        "Faults in mid-episode: median of the control steps until the speed is back at 90 % of "
        "that before the fault (a second's average), and the share of runs that never get there."
    )
    variants = _columns(results)
    lines = []
    for name, group in _by_suite(results).items():
        cells = []
        for variant in variants:
            found = recovery(group, variant)
            if not found.wanted or found.median is None or found.never is None:
                cells.append("-" if not found.wanted or found.known else MISSING)
                continue
            median = "never" if math.isinf(found.median) else f"{found.median:.0f}"
            cells.append(f"{median}; {found.never:.0%}{_rests_on(found.known, found.wanted)}")
        lines.append([name, *cells])
    lines = _table(["suite", *variants], lines) if lines else []
    return "Recovery", words, lines


def _model_error(results: Results) -> Section:
    words = (
        "Squared error in units of the targets' variance, in the runs of the variant itself: "
        "before adapting -> after (ratio). One step: on each new transition while the robot runs. "
        "K transitions: after a full window, each from its own recorded observation, as the "
        "meta-objective has it. Open loop: the same, feeding predictions back, as a planner does."
    )
    variants = [v for v in _columns(results) if v != SIMULATOR_ORACLE]
    rows = []
    for name, group in _by_suite(results).items():
        tests = _tests(group)
        for measure in ERRORS:
            rows.append([name, measure, *(_error_cell(tests, v, measure) for v in variants)])
    heads = ["suite", "error", *variants]
    return "Model error under the fault", words, _table(heads, rows)


def _error_cell(conditions: Sequence[Mapping[str, Any]], variant: str, measure: str) -> str:
    found = errors(conditions, variant, measure)
    if found is None:
        done = any(returns_of(c, variant) is not None for c in conditions)
        wanted = any(variant in c["results"] for c in conditions)
        return MISSING if wanted and not done else "-"
    before, after = found
    return f"{before:.3f} -> {after:.3f} ({after / before:.2f})" if before > 0 else "-"


def _harm(results: Results) -> Section:
    words = (
        "Return on the unperturbed robot over that of mb, on the same seeds: below 1, a user pays "
        "for adaptation while nothing is wrong."
    )
    variants = [v for v in _columns(results) if v not in ("mb", *ORACLES)]
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
                cells.append(_estimate(found) if found else MISSING)
        rows[condition["robot"]] = [condition["robot"], *cells]
    return "No harm", words, _table(["robot", *variants], rows.values()) if variants else []


def _raw(results: Results) -> Section:
    words = "Return for each scored control step: about the speed [m/s], less the effort."
    variants, steps = _columns(results), results["settings"]["budget"]["steps"]
    rows = []
    for condition in results["conditions"]:
        cells = []
        for variant in variants:
            if variant not in condition["results"]:
                cells.append("-")
            else:
                found = raw(condition, variant, steps)
                cells.append(_estimate(found) if found else MISSING)
        name = f"{condition['robot']} {condition['suite']}"
        rows.append([name, f"`{condition['perturbation']}`", *cells])
    return "Every condition", words, _table(["suite", "perturbation", *variants], rows)


def _ablations(results: Results) -> Section:
    words = (
        "Variations of one method, faults in mid-episode: return over the model oracle's where "
        "there is one, else for each control step; open-loop error after adapting over before. "
        "Those with *fit* in their name were fitted anew and compare with each other."
    )
    base = results["settings"]["ablate_model"]
    groups: dict[str, list[str]] = {}
    for condition in results["conditions"]:
        for variant, result in condition["results"].items():
            if result["group"] and variant not in groups.setdefault(result["group"], []):
                groups[result["group"]].append(variant)
    suites = {
        name: [c for c in group if c["fault_step"]] for name, group in _by_suite(results).items()
    }
    suites = {name: group for name, group in suites.items() if group}
    rows = [
        [group, variant, *(_ablation_cell(results, suites[s], variant) for s in suites)]
        for group, variants in groups.items()
        for variant in [base, *variants]
    ]
    return "Ablations", words, _table(["what", "variant", *suites], rows) if rows else []


def _ablation_cell(results: Results, conditions: list[Any], variant: str) -> str:
    steps = results["settings"]["budget"]["steps"]
    if any(MODEL_ORACLE in c["results"] for c in conditions):
        said = _cell(pooled(conditions, variant, steps), None)
    else:
        found = [f for c in conditions if (f := raw(c, variant, steps)) is not None]
        said = f"{sum(f.value for f in found) / len(found):.2f}" if found else MISSING
    error = errors(conditions, variant, "K steps open loop")
    if error is not None and error[0] > 0:
        said += f"; error {error[1] / error[0]:.2f}"
    return said


def _models(results: Results) -> Section:
    words = "Ablations that are not listed use the weights of the method itself."
    columns = _columns(results)
    rows = [
        [robot, variant, told]
        for robot, variants in results["models"].items()
        for variant, told in variants.items()
        if variant in columns or "[fit" in variant
    ]
    return "Where the models come from", words, _table(["robot", "variant", "weights"], rows)


def _compute(results: Results) -> Section:
    seconds = results["progress"]["seconds"]
    rows = [
        [
            kind,
            f"{spent['cells']:.0f}",
            f"{spent['core'] / 3600:.2f}",
            f"{spent['wall'] / 3600:.2f}",
        ]
        for kind, spent in seconds.items()
    ]
    machine = results["settings"]["machine"]
    words = f"Of the cells that are done, on a machine with {machine['cores']} cores."
    heads = ["cells", "done", "hours of one core", "hours on the wall, added up"]
    return "Compute", words, _table(heads, rows) if rows else []


def _columns(results: Results) -> list[str]:
    """The variants that are no ablation."""
    varied = {
        name
        for condition in results["conditions"]
        for name, result in condition["results"].items()
        if result["group"]
    }
    return [name for name in results["variants"] if name not in varied]


def _by_suite(results: Results) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for condition in results["conditions"]:
        groups.setdefault(f"{condition['robot']} {condition['suite']}", []).append(condition)
    return groups


def _tests(conditions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [condition for condition in conditions if condition["onset"] != "none"]


def _cell(found: Pooled, p_value: float | None) -> str:
    if found.estimate is None:
        return MISSING if found.wanted else "-"
    said = _estimate(found.estimate) + _rests_on(found.known, found.wanted)
    return said if p_value is None else f"{said} p={p_value:.2g}"


def _rests_on(known: int, wanted: int) -> str:
    return "" if known == wanted else f" ({known} of {wanted} conditions)"


def _estimate(found: Estimate) -> str:
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]
