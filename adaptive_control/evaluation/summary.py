"""From results to the figures of the table: pooled over conditions, compared in pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from adaptive_control.evaluation.metrics import (
    median_recovery,
    never_recovered,
    normalised_returns,
)
from adaptive_control.evaluation.plan import MODEL_ORACLE
from adaptive_control.evaluation.statistics import (
    Estimate,
    apart,
    averaged,
    averaged_ratio,
    paired_p_value,
    stratified,
)

__all__ = [
    "ERRORS", "Pooled", "Recovery", "compared", "errors", "mean_error", "pooled", "raw",
    "recovery", "returns_of", "scored_steps", "times", "unusable",
]  # fmt: skip

ERRORS = ("one step", "K transitions", "K steps open loop")
"""Ways to measure a model's error: on each new transition while the robot runs; on the K after a
window, each from its own recorded observation; on the same K, feeding predictions back."""

Condition = Mapping[str, Any]


@dataclass(frozen=True)
class Pooled:
    """A figure over several conditions.

    Attributes:
        estimate: None if nothing is known.
        known: conditions that it rests on.
        wanted: conditions that it should rest on: all, unless it was to run under none of them.
        p_value: of the paired test against the reference, before correction; None without pairs.
        over: how many times the reference's figure, over the runs that both have; None likewise,
            or where the reference earns nothing.
        ahead: 1 if its interval lies above the reference's, -1 if below, 0 if neither, over the
            conditions that both have; None without any, and for the reference itself.
    """

    estimate: Estimate | None
    known: int
    wanted: int
    p_value: float | None = None
    over: float | None = None
    ahead: int | None = None


@dataclass(frozen=True)
class Recovery:
    """How runs came back after a fault in mid-episode.

    Attributes:
        median: control steps; infinite if most never do; None if nothing can be said.
        never: share of the runs that never do.
        known: conditions that it rests on.
        wanted: conditions that it should rest on.
    """

    median: float | None
    never: float | None
    known: int
    wanted: int


def returns_of(condition: Condition, variant: str) -> list[float] | None:
    """The scored return of each seed; None if the cells are missing, or one is no number."""
    result = condition["results"].get(variant)
    if result is None or result["episodes"] is None:
        return None
    returns = [episode["return"] for episode in result["episodes"]]
    return None if None in returns else returns


def scored_steps(condition: Condition, steps: int) -> int:
    """Control steps that a return is a sum of."""
    return steps - condition["scored_from"]


def _normalised(condition: Condition, variant: str, oracle: str, steps: int) -> list[float] | None:
    returns, above = returns_of(condition, variant), returns_of(condition, oracle)
    if returns is None or above is None:
        return None
    values = normalised_returns(returns, above, scored_steps(condition, steps))
    return None if values is None else values.tolist()


def unusable(conditions: Sequence[Condition], oracle: str, steps: int) -> list[Condition]:
    """Conditions whose oracle is known and earns too little to divide by."""
    return [
        condition
        for condition in conditions
        if (above := returns_of(condition, oracle)) is not None
        and normalised_returns([0.0], above, scored_steps(condition, steps)) is None
    ]


def pooled(
    conditions: Sequence[Condition],
    variant: str,
    steps: int,
    oracle: str = MODEL_ORACLE,
    reference: str = "mb",
) -> Pooled:
    """Normalised return over conditions, and how sure it is that it differs from the reference's.

    Args:
        conditions: those of a suite, or of several.
        variant: whose.
        steps: T, control steps of the episodes.
        oracle: what is 1.
        reference: what the paired test compares with, runs of the same seed and condition.
    """
    left_out = unusable(conditions, oracle, steps)
    usable = [c for c in conditions if c not in left_out]
    values = partial(_normalised, oracle=oracle, steps=steps)
    groups, pairs = _runs(usable, values, variant, reference)
    p_value = paired_p_value(*np.transpose(pairs)) if pairs else None
    return Pooled(stratified(groups), len(groups), _wanted(usable, variant), p_value)


def compared(
    conditions: Sequence[Condition], variant: str, steps: int, reference: str = "mb"
) -> Pooled:
    """Return for each scored control step over conditions, beside the reference's.

    Args:
        conditions: those of a suite, or of several.
        variant: whose.
        steps: T, control steps of the episodes.
        reference: what it is compared with, on runs of the same seed and condition.
    """
    groups, pairs = _runs(conditions, partial(_per_step, steps=steps), variant, reference)
    found = Pooled(averaged(groups), len(groups), _wanted(conditions, variant))
    if not pairs:
        return found
    both = _both(conditions, variant, reference, steps)
    ours, theirs = averaged([pair[0] for pair in both]), averaged([pair[1] for pair in both])
    over = averaged_ratio(_paired(both))
    return replace(
        found,
        p_value=paired_p_value(*np.transpose(pairs)),
        over=over and over.value,
        ahead=apart(ours, theirs) if ours and theirs else None,
    )


def times(
    conditions: Sequence[Condition], variant: str, steps: int, reference: str = "mb"
) -> Estimate | None:
    """How many times the reference's return for each scored step, over what both have.

    Args:
        conditions: of one robot; those, and the seeds, that one of the two lacks are left out.
        variant: whose.
        steps: T, control steps of the episodes.
        reference: whose return is 1.

    Returns:
        None if nothing is known, or if the reference earns nothing.
    """
    return averaged_ratio(_paired(_both(conditions, variant, reference, steps)))


Runs = list[float]


def _wanted(conditions: Sequence[Condition], variant: str) -> int:
    """Conditions that a figure should rest on: those that one lacks make it another figure."""
    return len(conditions) if any(variant in c["results"] for c in conditions) else 0


def _both(
    conditions: Sequence[Condition], variant: str, reference: str, steps: int
) -> list[tuple[Runs, Runs]]:
    """The runs of both under each condition where both are known."""
    runs = [(_per_step(c, variant, steps), _per_step(c, reference, steps)) for c in conditions]
    return [(ours, theirs) for ours, theirs in runs if ours and theirs]


def _paired(both: Sequence[tuple[Runs, Runs]]) -> list[tuple[Runs, Runs]]:
    """Only the seeds that both have."""
    return [(ours[: len(theirs)], theirs[: len(ours)]) for ours, theirs in both]


def _runs(
    conditions: Sequence[Condition],
    values_of: Callable[[Condition, str], list[float] | None],
    variant: str,
    reference: str,
) -> tuple[list[list[float]], list[tuple[float, float]]]:
    """The runs under each condition that is known; and, with another's, the pairs of one seed."""
    groups: list[list[float]] = []
    pairs: list[tuple[float, float]] = []
    for condition in conditions:
        values = values_of(condition, variant)
        if values is None:
            continue
        groups.append(values)
        others = values_of(condition, reference)
        if others is not None and variant != reference:
            pairs += zip(values, others, strict=False)
    return groups, pairs


def _per_step(condition: Condition, variant: str, steps: int) -> list[float] | None:
    returns = returns_of(condition, variant)
    if returns is None:
        return None
    return [value / scored_steps(condition, steps) for value in returns]


def raw(condition: Condition, variant: str, steps: int) -> Estimate | None:
    """Return for each scored control step: about the speed [m/s], less the effort."""
    values = _per_step(condition, variant, steps)
    return None if values is None else stratified([values])


def recovery(conditions: Sequence[Condition], variant: str) -> Recovery:
    """Over all runs under the conditions with a fault in mid-episode."""
    wanted = [c for c in conditions if c["fault_step"] and variant in c["results"]]
    known = [c for c in wanted if c["results"][variant]["episodes"] is not None]
    steps = [
        float("inf") if episode["recovery_steps"] == -1 else episode["recovery_steps"]
        for condition in known
        for episode in condition["results"][variant]["episodes"]
    ]
    return Recovery(median_recovery(steps), never_recovered(steps), len(known), len(wanted))


def mean_error(
    conditions: Sequence[Condition], variant: str, when: str, which: str
) -> list[float] | None:
    """K-step error against how far ahead, averaged over conditions; None if none is known.

    Args:
        conditions: to average over.
        variant: whose.
        when: `before_fault` or `after_fault`.
        which: `prior` (before adapting) or `adapted`.
    """
    curves = []
    for condition in conditions:
        errors = (condition["results"].get(variant) or {}).get("k_step_error") or {}
        if errors.get(when) is not None:
            curves.append(errors[when][which])
    return np.mean(curves, axis=0).tolist() if curves else None


def errors(
    conditions: Sequence[Condition], variant: str, measure: str
) -> tuple[float, float] | None:
    """Error under the fault before adapting and after, averaged over conditions.

    Args:
        conditions: to average over.
        variant: whose.
        measure: one of `ERRORS`.

    Returns:
        None if none is known.
    """
    found = []
    for condition in conditions:
        result = condition["results"].get(variant) or {}
        after_fault = (result.get("k_step_error") or {}).get("after_fault")
        if measure == "one step":
            pairs = [(e["error_before"], e["error_after"]) for e in result.get("episodes") or []]
            pairs = [pair for pair in pairs if None not in pair]
            if pairs:
                found.append(np.mean(pairs, axis=0))
        elif after_fault is not None:
            of = after_fault["scored"] if measure == "K transitions" else after_fault
            found.append([np.mean(of["prior"]), np.mean(of["adapted"])])
    if not found:
        return None
    before, after = np.mean(found, axis=0).tolist()
    return before, after
