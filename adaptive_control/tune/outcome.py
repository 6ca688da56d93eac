"""What a study found, and the files that say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adaptive_control.files import write_json
from adaptive_control.tune.evaluate import Result
from adaptive_control.tune.foresight import Foresight
from adaptive_control.tune.latency import LatencyTable
from adaptive_control.tune.plots import plot_horizon, plot_importance, plot_pareto
from adaptive_control.tune.report import as_row, check_table, describe, figures_of, pareto_table
from adaptive_control.tune.search import Tried
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.sweep import AtHorizon
from controllers import save_planner

__all__ = ["PLANNER_FILES", "Findings", "markdown_report", "write_findings"]

PLANNER_FILES = {
    "best": "planner.toml", "as-fast": "planner-as-fast.toml", "half": "planner-half.toml",
}  # fmt: skip
"""The planner file of each class."""


@dataclass(frozen=True)
class Findings:
    """What a study found.

    Attributes:
        title: robot and model.
        complete: False if the time was up before all trials were done.
        evaluated: trials that were evaluated.
        given_up: of these, how many not to the end.
        refused: settings refused as too slow.
        limit_ms: what a tick may take at p99 [ms].
        table: latencies.
        tried: all settings evaluated to the end, by the search or by the sweep.
        front: those of them on the Pareto front, fastest first.
        default: the setting to beat.
        winners: the chosen setting of each class.
        finals: results of the final.
        importance: shares of each setting, by objective.
        bins: the best at each horizon of the sweep.
        sight: model error against horizon.
        trained_future: K of the model's training.
        warnings: about the best setting and the default.
    """

    title: str
    complete: bool
    evaluated: int
    given_up: int
    refused: int
    limit_ms: float
    table: LatencyTable
    tried: tuple[Tried, ...]
    front: tuple[Tried, ...]
    default: Setting
    winners: Mapping[str, Setting]
    finals: Mapping[Setting, Result]
    importance: Mapping[str, Mapping[str, float]]
    bins: tuple[AtHorizon, ...]
    sight: Foresight
    trained_future: int | None
    warnings: tuple[str, ...]

    @property
    def named(self) -> dict[str, Setting]:
        """Default and winners by name."""
        return {"default": self.default, **self.winners}


def write_findings(folder: Path, findings: Findings) -> None:
    """Write planners, pareto.json, tuned.json and the pictures."""
    for name, file in PLANNER_FILES.items():
        if name in findings.winners:
            save_planner(folder / file, findings.winners[name].parsed)
        else:  # one of an earlier, shorter run
            (folder / file).unlink(missing_ok=True)
    write_json(folder / "pareto.json", _pareto(findings))
    table, finals = findings.table, findings.finals
    settings = {
        name: figures_of(setting, table.tick(setting), None, finals.get(setting))
        for name, setting in findings.named.items()
    }
    write_json(folder / "tuned.json", {"settings": settings, "warnings": findings.warnings})
    plot_pareto(
        folder / "pareto.png", findings.tried, findings.front, findings.named, findings.limit_ms,
        findings.title,
    )  # fmt: skip
    if findings.importance:
        plot_importance(folder / "importance.png", findings.importance, findings.title)
    plot_horizon(
        folder / "horizon.png", findings.sight, findings.bins, findings.trained_future,
        findings.title,
    )  # fmt: skip


def markdown_report(findings: Findings, check: Mapping[str, Any] | None) -> str:
    """`pareto.md`: all tables and warnings."""
    up = "" if findings.complete else " (the time was up before all were done)"
    parts = [
        f"# {findings.title}\n",
        f"{findings.evaluated} settings{up}, {findings.given_up} given up early, "
        f"{findings.refused} refused as too slow. Latencies: {findings.table.source}; limit "
        f"{findings.limit_ms:.3g} ms at p99.\n",
        "## Pareto front, training perturbations\n",
        pareto_table(findings.front, findings.winners),
    ]
    if check:
        parts += ["## Held-out perturbations\n", check_table(check)]
    if findings.sight.sees is not None or findings.bins:
        parts += ["## Horizon\n"]
    if findings.sight.sees is not None:
        parts.append(
            "The adapted model predicts better than the average state does for "
            f"{findings.sight.sees} control steps.\n"
        )
    if findings.bins:
        parts.append("| horizon | best return | setting | tried |\n|---|---|---|---|")
        parts += [
            f"| {b.horizon} | {b.tried.result.mean:.1f} | {describe(b.tried.setting)} | {b.count} |"
            for b in findings.bins
        ]
        parts.append("")
    if findings.warnings:
        parts += ["## Warnings\n", *(f"- {words}" for words in findings.warnings)]
    return "\n".join(parts).rstrip() + "\n"


def _pareto(findings: Findings) -> dict[str, Any]:
    sight = findings.sight
    in_order = sorted(findings.tried, key=lambda t: (t.tick.p99_ms, t.setting.key))
    return {
        "limit_ms": findings.limit_ms,
        "latencies": findings.table.source,
        "evaluated": findings.evaluated,
        "given_up_early": findings.given_up,
        "refused_as_too_slow": findings.refused,
        "front": [as_row(t) for t in findings.front],
        "tried": [as_row(t) for t in in_order],
        "importance": findings.importance,
        "horizon": {
            "error_before_adapting": sight.before,
            "error_after_adapting": sight.after,
            "error_of_the_average_state": sight.average_state,
            "model_sees": sight.sees,
            "return": [{"horizon": b.horizon, **as_row(b.tried)} for b in findings.bins],
        },
    }
