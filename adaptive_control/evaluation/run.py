"""An evaluation from end to end: plan, estimate, cells, results, table, plots."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.cells import Cell, CellStore
from adaptive_control.evaluation.config import EvaluateConfig
from adaptive_control.evaluation.plan import Plan, make_plan
from adaptive_control.evaluation.plots import write_plots
from adaptive_control.evaluation.pools import open_pool
from adaptive_control.evaluation.progress import Bars, describe
from adaptive_control.evaluation.results import collect_results
from adaptive_control.evaluation.scheduler import run_cells
from adaptive_control.evaluation.table import table
from adaptive_control.files import write_json, write_text
from adaptive_control.lock import alone

__all__ = ["evaluate", "write_report"]


def evaluate(config: EvaluateConfig, console: Console) -> int:
    """Do what is left to do, and write what is known, also when interrupted.

    Args:
        config: what was asked for.
        console: where plan, progress and notes go.

    Returns:
        The exit status: 0, or 1 if cells failed.

    Raises:
        AdaptiveControlError: another process is at work in the folder, or none of the cells of a
            report is there.
    """
    plan = make_plan(config)
    store = CellStore(config.out / "cells")
    if config.report:
        if not any(store.done(cell) for cell in plan.cells):
            raise AdaptiveControlError(
                f"report: none of the cells asked for is in {store.folder}; give the options that "
                "the evaluation was run with"
            )
        write_report(config, plan, store, {}, console)
        return 0
    left = {name: cell for name, cell in plan.cells.items() if not store.done(name)}
    if config.estimate:
        for line in describe(plan, left, config.workers or os.cpu_count() or 1):
            console.print(line, soft_wrap=True)
        return 0
    with alone(config.out, "evaluating"):
        write_json(config.out / "config.json", _saved(config))
        errors: dict[str, str] = {}
        try:
            if left:
                errors = _do(config, plan, store, left, console)
        finally:
            write_report(config, plan, store, errors, console)
    return 1 if errors else 0


def _do(
    config: EvaluateConfig, plan: Plan, store: CellStore, left: Mapping[str, Cell], console: Console
) -> dict[str, str]:
    """Do the cells that are left; returns what failed, and why."""
    with open_pool(config.workers, config.ray) as pool:
        for line in describe(plan, left, pool.slots):
            console.print(line, soft_wrap=True)
        with Bars(console, left, len(plan.cells), pool.slots) as bars:
            return run_cells(plan.cells, store, pool, config.out / "work", bars)


def write_report(
    config: EvaluateConfig,
    plan: Plan,
    store: CellStore,
    errors: Mapping[str, str],
    console: Console,
) -> dict[str, Any]:
    """Write results.json, table.md and the plots from the cells that are done."""
    results = collect_results(config, plan, store, errors)
    write_json(config.out / "results.json", results)
    write_text(config.out / "table.md", table(results))
    plots = write_plots(config.out, results)
    written = ["results.json", "table.md", *(path.name for path in plots)]
    progress = results["progress"]
    console.print(
        f"{progress['done']} of {progress['cells']} cells done; "
        f"written to {config.out}: {', '.join(written)}",
        soft_wrap=True,
    )
    return results


def _saved(config: EvaluateConfig) -> dict[str, Any]:
    """What `--config` reads back: nothing that was left open."""
    return {name: value for name, value in asdict(config).items() if value not in (None, Path())}
