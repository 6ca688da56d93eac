"""Tick records as JSON and back, to the last bit.

JSON knows neither NaN nor infinity: NaN is null, the infinities are "inf" and "-inf". A float32 is
written as the shortest decimal that gives its double back, so nothing is lost.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np

from deploy.runtime.loop.record import Mode, PlanRecord, TickRecord

__all__ = ["plain", "plan_from", "tick_from", "tick_to"]


def plain(value: Any) -> Any:
    """What JSON can hold of a field."""
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, Mode):
        return value.value
    return value


def tick_to(record: TickRecord) -> dict[str, Any]:
    """A tick as JSON; arrays as nested lists."""
    text = {f.name: plain(getattr(record, f.name)) for f in fields(record) if f.name != "plans"}
    text["stages"] = {name: plain(seconds) for name, seconds in record.stages.items()}
    text["plans"] = [
        {f.name: plain(getattr(plan, f.name)) for f in fields(plan)} for plan in record.plans
    ]
    return text


def tick_from(text: dict[str, Any]) -> TickRecord:
    """The tick that was written.

    Raises:
        LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError: it was
            not written by `tick_to`.
    """
    values: dict[str, Any] = dict(text)
    values |= {name: _number(text[name]) for name in _FLOATS}
    values |= {name: _array(text[name]) for name in _ARRAYS}
    values["mode"] = Mode(text["mode"])
    values["stages"] = {name: _number(seconds) for name, seconds in text["stages"].items()}
    values["plans"] = tuple(plan_from(plan) for plan in text["plans"])
    return TickRecord(**values)


def plan_from(text: dict[str, Any]) -> PlanRecord:
    """The plan that was written."""
    values: dict[str, Any] = dict(text)
    values |= {name: _number(text[name]) for name in _PLAN_FLOATS}
    size = len(text["actions"][0]) if text["actions"] else 0
    for name in ("actions", "in_flight"):
        values[name] = _array(text[name]).reshape(len(text[name]), size)
    return PlanRecord(**values)


_ARRAYS = ("observation", "applied", "wanted", "command")
_PLAN_FLOATS = tuple(f.name for f in fields(PlanRecord) if f.type == "float")
_FLOATS = tuple(f.name for f in fields(TickRecord) if f.type == "float")


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _array(value: list[Any]) -> np.ndarray:
    rows = [_array(item) if isinstance(item, list) else _number(item) for item in value]
    return np.array(rows, np.float32)
