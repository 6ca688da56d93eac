"""results.json: every episode, with settings and seconds of compute; also of an unfinished run."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from adaptive_control import __version__
from adaptive_control.evaluation.cells import CellStore
from adaptive_control.evaluation.config import EvaluateConfig
from adaptive_control.evaluation.plan import Entry, Plan

__all__ = ["collect_results"]


def collect_results(
    config: EvaluateConfig, plan: Plan, store: CellStore, errors: Mapping[str, str]
) -> dict[str, Any]:
    """What is known so far.

    Args:
        config: what was asked for.
        plan: what it takes.
        store: what has been found.
        errors: what went wrong, by cell.

    Returns:
        `settings`; `progress` (how many cells, which are missing, which failed, seconds by kind);
        `variants`; `models` (where the weights of each come from); and `conditions`, each with the
        `results` of each variant: its episodes, model errors, speed, seconds. What is missing is
        None.
    """
    known = {cell: store.read(cell) for cell in plan.cells}
    conditions: dict[tuple[str, ...], dict[str, Any]] = {}
    for entry in plan.entries:
        at = entry.condition
        key = (at.robot, at.suite, at.perturbation)
        row = conditions.setdefault(key, {**dataclasses.asdict(at), "results": {}})
        row["results"][entry.variant] = _result(entry, known)
    return {
        "settings": {
            **dataclasses.asdict(config),
            "budget": dataclasses.asdict(plan.budget),
            "versions": _versions(),
            "machine": {"cores": os.cpu_count(), "type": platform.machine()},
        },
        "progress": _progress(plan, known, errors),
        "suites": [
            {"name": s.name, "robot": s.robot, "summary": s.summary, "train": str(s.train)}
            for s in plan.suites
        ],
        "variants": list(plan.variants),
        "models": plan.models,
        "conditions": list(conditions.values()),
    }


def _result(entry: Entry, known: Mapping[str, dict[str, Any] | None]) -> dict[str, Any]:
    """Several cells are the seeds of one variant: their episodes together; None until all exist."""
    found = [cell for name in entry.cells if (cell := known[name]) is not None]
    result: dict[str, Any] = {"group": entry.group, "cells": list(entry.cells), "episodes": None}
    if len(found) < len(entry.cells):
        return result
    first = found[0]
    seconds = {name: sum(c["seconds"][name] for c in found) for name in ("wall", "core")}
    return result | {
        "episodes": [episode for cell in found for episode in cell["episodes"]],
        "speed": _speed([cell["speed"] for cell in found]),
        "k_step_error": first.get("k_step_error"),
        "milliseconds": first.get("milliseconds"),
        "dt": first["dt"],
        "seconds": seconds,
    }


def _speed(curves: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Median and quartiles over seeds; of cells of one seed each, from their curves."""
    if len(curves) == 1:
        return curves[0]
    low, middle, high = np.quantile([c["median"] for c in curves], (0.25, 0.5, 0.75), axis=0)
    return {"low": low, "median": middle, "high": high}


def _progress(
    plan: Plan, known: Mapping[str, dict[str, Any] | None], errors: Mapping[str, str]
) -> dict[str, Any]:
    seconds: dict[str, dict[str, float]] = {}
    for name, found in known.items():
        if found is not None:
            spent = seconds.setdefault(plan.cells[name].kind, {"cells": 0, "wall": 0, "core": 0})
            spent["cells"] += 1
            spent["wall"] += found["seconds"]["wall"]
            spent["core"] += found["seconds"]["core"]
    return {
        "cells": len(known),
        "done": sum(found is not None for found in known.values()),
        "missing": [name for name, found in known.items() if found is None],
        "failed": dict(errors),
        "seconds": seconds,
    }


def _versions() -> dict[str, str]:
    versions = {
        "adaptive-control": __version__,
        "python": platform.python_version(),
    }
    for package in ("mujoco", "numpy", "scipy", "torch"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "unknown"
    return versions
