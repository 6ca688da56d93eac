"""The table that the demo prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from adaptive_control.demo.labels import display_name

__all__ = ["metrics_table"]

_ROWS = (
    ("mean speed before the fault", "m/s", "mean_speed_before_fault", 2),
    ("mean speed in the 5 s after", "m/s", "mean_speed_after_fault", 2),
    ("recovery time", "s", "recovery_s", 2),
    ("return", "", "return", 1),
    ("  before the fault", "", "return_before_fault", 1),
    ("  after the fault", "", "return_after_fault", 1),
    ("model error before adaptation", "", "model_error.before_adaptation", 3),
    ("model error after adaptation", "", "model_error.after_adaptation", 3),
    ("K-step error, after / before", "", "k_step_error.ratio", 2),
    ("planning time, median", "ms", "plan_ms.p50", 1),
    ("planning time, p99", "ms", "plan_ms.p99", 1),
    ("adaptation time, median", "ms", "adapt_ms.p50", 1),
)
"""Words, unit, where the figure stands in the metrics, decimals."""


def metrics_table(metrics: Mapping[str, Any]) -> Table:
    """The figures of `metrics.json`, one column a twin; with intervals if there are several seeds.

    Args:
        metrics: `twins` and `settings`, as written.
    """
    settings, twins = metrics["settings"], metrics["twins"]
    seeds = settings["seeds"]
    over = f"mean of {seeds} seeds [95 % interval]" if seeds > 1 else f"seed {settings['seed']}"
    table = Table(title=f"{settings['robot']}, {settings['perturb']}, {over}")
    table.add_column("")
    table.add_column("unit")
    for model in twins:
        table.add_column(display_name(model), justify="right")
    for words, unit, path, decimals in _ROWS:
        cells = [_cell(twin, path, decimals) for twin in twins.values()]
        table.add_row(words, unit, *cells)
    if seeds > 1:
        table.add_row("recovered", "seeds", *map(_recovered, twins.values()))
    return table


def _cell(twin: Mapping[str, Any], path: str, decimals: int) -> str:
    value = _look_up(twin, path)
    if value is None:
        return "never" if path == "recovery_s" and twin["recovered_of"] else "-"
    interval = _look_up(twin.get("interval_95", {}), path)
    spread = f" [{interval[0]:.{decimals}f}, {interval[1]:.{decimals}f}]" if interval else ""
    return f"{value:.{decimals}f}{spread}"


def _recovered(twin: Mapping[str, Any]) -> str:
    """How many seeds, of those of which it can be said."""
    return f"{twin['recovered']}/{twin['recovered_of']}" if twin["recovered_of"] else "-"


def _look_up(nested: Mapping[str, Any], path: str) -> Any:
    value: Any = nested
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
