"""Results by suite and by variant, as tables and plots show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Results", "by_suite", "columns", "tested"]

Results = Mapping[str, Any]


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
