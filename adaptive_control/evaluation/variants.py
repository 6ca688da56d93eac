"""Variants: a method, what it was trained on, and what is varied in an ablation."""

from __future__ import annotations

import copy
import dataclasses
import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from adaptive_control.dynamics.registry import DYNAMICS
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.config import EvaluateConfig
from adaptive_control.methods import METHODS
from adaptive_control.training.checkpoint import LoadedModel
from controllers import (
    ICEM,
    GateConfig,
    SamplingPlanner,
    at_horizon,
    format_planner,
    load_planner,
    make_planner,
    planner_names,
)

__all__ = ["Variant", "ablated", "ablation_variants", "gate_of"]

_OF_THE_STEP = ("step-sizes", "inner-steps", "layers")
"""Ablations of the gradient step itself: a method says which of them it allows."""

FIXED_RATE = 1e-12
"""A rate at which what is learned as a logarithm stays where it was."""


@dataclass(frozen=True)
class Variant:
    """A column of the table.

    Attributes:
        name: in tables and files.
        method: the method.
        trained_on: "" for the train sides of the robot together, else the name of a suite.
        own_rounds: whether it is trained on data that it collected itself, not on everybody's.
        group: which ablation it belongs to; "" if none.
        test: what differs when it runs: `window`, `gate`, `planner`, `inner_steps`, `step_sizes`,
            `layers`.
        fit: what differs in its training; None: the same checkpoint as the method itself.
    """

    name: str
    method: str
    trained_on: str = ""
    own_rounds: bool = False
    group: str = ""
    test: Mapping[str, Any] = field(default_factory=dict)
    fit: Mapping[str, Any] | None = None


def ablation_variants(config: EvaluateConfig, planner: str) -> tuple[Variant, ...]:
    """The variants that were asked for.

    What only matters when the robot runs (M, H, step sizes made equal, inner steps, layers, gate,
    planner) uses the method's checkpoint. K, and step sizes that never were learned, need a fit of
    their own, and are compared with a fit on the same data (`fit` in their name).

    Raises:
        AdaptiveControlError: a method that has nothing of the kind to vary.
    """
    method = config.ablate_model
    chosen = load_planner(planner)
    for group in config.ablations:
        if group in _OF_THE_STEP:
            _require(group in DYNAMICS[method].varies, method, group)
    found: list[Variant] = []

    def add(group: str, label: str, **test: Any) -> None:
        found.append(Variant(f"{method} [{label}]", method, group=group, test=test))

    def add_fit(group: str, label: str, **fit: Any) -> None:
        found.append(Variant(f"{method} [{label}]", method, group=group, fit=fit))

    for group in config.ablations:
        if group == "M":
            for window in (4, 8, 32):
                add(group, f"M={window}", window=window)
        elif group == "K":
            for future in (4, 8, 16, 32):
                add_fit(group, f"fit K={future}", future=future)
        elif group == "H":
            for horizon in (5, 10, 15, 20, 30):
                if horizon != chosen.horizon:
                    other = format_planner(at_horizon(chosen, horizon))
                    add(group, f"H={horizon}", planner=other)
        elif group == "step-sizes":
            add(group, "one step size for all", step_sizes="equal")
            add_fit(group, "fit, step sizes learned")
            add_fit(group, "fit, step sizes fixed", step_size_rate=FIXED_RATE)
        elif group == "inner-steps":
            for count in (2, 4):
                add(group, f"{count} inner steps", inner_steps=count)
        elif group == "layers":
            for layers in ("first", "last", "all but last"):
                add(group, f"{layers} adapts", layers=layers)
        elif group == "gate":
            for mode in ("open", "closed"):
                add(group, f"gate {mode}", gate=mode)
        elif group == "planner":
            for text in _other_planners(chosen):
                add(group, text.partition(":")[0], planner=text)
    return tuple(found)


def _other_planners(chosen: SamplingPlanner) -> list[str]:
    """The other planners, with as many evaluations, to within rounding, and the same horizon."""
    asked = _evaluations(chosen)

    def other(name: str, count: int) -> SamplingPlanner:
        iterations = 1 if name == "random-shooting" else chosen.iterations  # nothing to iterate on
        settings = {"candidates": count, "iterations": iterations, "horizon": chosen.horizon}
        settings |= {"terminal": chosen.terminal, "halve_every": chosen.halve_every}
        settings |= {"caution": chosen.caution}
        if name in ("cem", "icem"):
            settings["elites"] = max(1, min(20, count // 2))
        if name == "icem":
            settings["keep"] = min(ICEM.keep, settings["elites"])
        return make_planner(name, **settings)

    others = []
    for name in planner_names():
        if name == chosen.name:
            continue
        # More candidates are never fewer evaluations, so the number is found by halving.
        counts = range(2, max(3, asked) + 1)
        place = bisect_left(counts, asked, key=lambda n, name=name: _evaluations(other(name, n)))
        near = [other(name, n) for n in counts[max(0, place - 1) : place + 1]]
        others.append(format_planner(min(near, key=lambda p: abs(_evaluations(p) - asked))))
    return others


def _evaluations(planner: SamplingPlanner) -> int:
    """Candidates tried in a control step; iCEM tries fewer from one iteration to the next."""
    if isinstance(planner, ICEM):
        return sum(map(planner.population, range(planner.iterations)))
    return planner.candidates * planner.iterations


def gate_of(test: Mapping[str, Any]) -> GateConfig | None:
    """The gate that a variant runs with; None for the default."""
    return GateConfig(mode=test["gate"]) if "gate" in test else None


def ablated(model: LoadedModel, test: Mapping[str, Any]) -> LoadedModel:
    """The model with what the variant changes; the one given stays as it is.

    Raises:
        AdaptiveControlError: the model has nothing of the kind to change.
    """
    dynamics = copy.deepcopy(model.dynamics)
    for key, group in (
        ("inner_steps", "inner-steps"), ("step_sizes", "step-sizes"), ("layers", "layers"),
    ):  # fmt: skip
        _require(key not in test or group in dynamics.varies, model.kind, group)
    if "inner_steps" in test:
        dynamics.inner_steps = test["inner_steps"]  # pyright: ignore[reportAttributeAccessIssue]
    if "step_sizes" in test or "layers" in test:
        logs = list(dynamics.log_step_sizes)  # pyright: ignore[reportArgumentType, reportCallIssue]
        with torch.no_grad():
            if test.get("step_sizes") == "equal":
                mean = torch.cat([log.flatten() for log in logs]).mean()
                for log in logs:
                    log.fill_(float(mean))
            if "layers" in test:
                for index, log in enumerate(logs):  # a weight and a bias for each layer
                    if not _adapts(index // 2, len(logs) // 2, test["layers"]):
                        log.fill_(-math.inf)  # a step of size zero
    return dataclasses.replace(
        model, dynamics=dynamics, window=int(test.get("window", model.window))
    )


def _adapts(layer: int, layers: int, which: str) -> bool:
    last = layer == layers - 1
    return {"first": layer == 0, "last": last, "all but last": not last}[which]


def _require(holds: bool, method: str, what: str) -> None:
    if not holds:
        able = [name for name in METHODS if what in DYNAMICS[name].varies]
        raise AdaptiveControlError(
            f"ablate: {what} cannot be varied in {method}; allowed: {', '.join(able)}"
        )
