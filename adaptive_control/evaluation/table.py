"""table.md, from results.json alone; what is not there yet is shown as missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adaptive_control.evaluation.grouping import Results, by_suite, columns, tested
from adaptive_control.evaluation.no_harm import no_harm
from adaptive_control.evaluation.plan import MODEL_ORACLE, SIMULATOR_ORACLE
from adaptive_control.evaluation.summary import (
    ERRORS,
    compared,
    errors,
    pooled,
    recovery,
    returns_of,
)
from adaptive_control.evaluation.table_glance import at_a_glance
from adaptive_control.evaluation.table_parts import MISSING, Section, lines_of, recovered, value
from adaptive_control.evaluation.table_returns import (
    every_condition,
    normalised,
    per_step,
)

__all__ = ["MISSING", "table"]


def table(results: Results) -> str:
    """The whole page."""
    sections = [_head(results)]
    for heading, words, lines in (
        at_a_glance(results),
        normalised(results, MODEL_ORACLE),
        normalised(results, SIMULATOR_ORACLE),
        per_step(results),
        _recovery(results),
        _model_error(results),
        no_harm(results),
        every_condition(results),
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
        "for all models of a robot: "
        + "; ".join(f"{robot} `{text}`" for robot, text in budget["planners"].items())
        + ".",
        f"{progress['done']} of {progress['cells']} cells are done"
        + (
            "."
            if progress["done"] == progress["cells"]
            else f"; figures that need the others are shown as *{MISSING}* or with the number of "
            "conditions that they rest on."
        ),
        "",
        "Returns in units are interquartile means over the seeds of a condition, averaged over "
        "conditions; those over an oracle's are interquartile means over all runs. In brackets "
        "95 % intervals from a bootstrap over seeds within each condition; none where a condition "
        "has a single run.",
    ]
    if progress["failed"]:
        lines += ["", f"{len(progress['failed'])} cells failed:", ""]
        lines += [f"- `{cell}`: {error}" for cell, error in progress["failed"].items()]
    return "\n".join(lines)


def _recovery(results: Results) -> Section:
    words = (
        "Faults in mid-episode: median of the control steps until the speed is back at 90 % of "
        "that before the fault (a second's average), and the share of runs that never get there."
    )
    variants = columns(results)
    rows = [
        [name, *(recovered(recovery(group, variant)) for variant in variants)]
        for name, group in by_suite(results).items()
    ]
    return "Recovery", words, lines_of(["suite", *variants], rows) if rows else []


def _model_error(results: Results) -> Section:
    words = (
        "Squared error in units of the targets' variance, in the runs of the variant itself: "
        "before adapting -> after (ratio). One step: on each new transition while the robot runs. "
        "K transitions: after a full window, each from its own recorded observation, as the "
        "meta-objective has it. Open loop: the same, feeding predictions back, as a planner does."
    )
    variants = [v for v in columns(results) if v != SIMULATOR_ORACLE]
    rows = []
    for name, group in by_suite(results).items():
        tests = tested(group)
        for measure in ERRORS:
            rows.append([name, measure, *(_error_cell(tests, v, measure) for v in variants)])
    heads = ["suite", "error", *variants]
    return "Model error under the fault", words, lines_of(heads, rows)


def _error_cell(conditions: Sequence[Mapping[str, Any]], variant: str, measure: str) -> str:
    found = errors(conditions, variant, measure)
    if found is None:
        done = any(returns_of(c, variant) is not None for c in conditions)
        wanted = any(variant in c["results"] for c in conditions)
        return MISSING if wanted and not done else "-"
    before, after = found
    return f"{before:.3f} -> {after:.3f} ({after / before:.2f})" if before > 0 else "-"


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
        name: [c for c in group if c["fault_step"]] for name, group in by_suite(results).items()
    }
    suites = {name: group for name, group in suites.items() if group}
    rows = [
        [group, variant, *(_ablation_cell(results, suites[s], variant) for s in suites)]
        for group, variants in groups.items()
        for variant in [base, *variants]
    ]
    return "Ablations", words, lines_of(["what", "variant", *suites], rows) if rows else []


def _ablation_cell(results: Results, conditions: list[Any], variant: str) -> str:
    steps = results["settings"]["budget"]["steps"]
    # A planner that is one robot's own is no variant of it, and has no figure there.
    oracle = any(MODEL_ORACLE in c["results"] for c in conditions)
    found = pooled(conditions, variant, steps) if oracle else compared(conditions, variant, steps)
    said = value(replace(found, over=None, ahead=None), None)
    error = errors(conditions, variant, "K steps open loop")
    if error is not None and error[0] > 0:
        said += f"; error {error[1] / error[0]:.2f}"
    return said


def _models(results: Results) -> Section:
    words = "Ablations that are not listed use the weights of the method itself."
    listed = columns(results)
    rows = [
        [robot, variant, told]
        for robot, variants in results["models"].items()
        for variant, told in variants.items()
        if variant in listed or "[fit" in variant
    ]
    return "Where the models come from", words, lines_of(["robot", "variant", "weights"], rows)


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
    return "Compute", words, lines_of(heads, rows) if rows else []
