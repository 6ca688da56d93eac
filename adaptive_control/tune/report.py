"""What a study writes for people and programs: tables and the figures behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from adaptive_control.tune.evaluate import Result
from adaptive_control.tune.latency import Tick
from adaptive_control.tune.search import Tried
from adaptive_control.tune.setting import Setting

__all__ = [
    "as_row", "check_table", "describe", "figures_of", "markdown", "pareto_table",
]  # fmt: skip


def describe(setting: Setting) -> str:
    """The setting in a few words, sizes first."""
    planner = setting.parsed
    sizes = f"{planner.candidates} x {planner.horizon} x {planner.iterations}"
    more = f", V x {planner.terminal:g}" if planner.terminal else ""
    more += f", halved every {planner.halve_every}" if planner.halve_every else ""
    return f"{setting.kind} {sizes}{more}, M={setting.window}"


def as_row(tried: Tried) -> dict[str, Any]:
    """A setting with its figures, for `pareto.json`."""
    return {
        "planner": tried.setting.planner,
        "window": tried.setting.window,
        "return": tried.result.mean,
        "robots": len(tried.result.returns),
        "p50_ms": tried.tick.p50_ms,
        "p99_ms": tried.tick.p99_ms,
        "roughness": tried.result.mean_roughness,
        "falls": tried.result.falls,
        "origin": tried.origin,
    }


def pareto_table(front: Sequence[Tried], winners: Mapping[str, Setting]) -> str:
    """The front as Markdown, fastest first, winners of the final by their class."""
    rows = []
    for one in front:
        names = ", ".join(name for name, setting in winners.items() if setting == one.setting)
        planner = one.setting.parsed
        rows.append(
            [
                one.setting.kind, str(planner.candidates), str(planner.horizon),
                str(planner.iterations), str(one.setting.window), f"{one.result.mean:.1f}",
                f"{one.tick.p50_ms:.2f}", f"{one.tick.p99_ms:.2f}",
                f"{one.result.mean_roughness:.2f}", names,
            ]
        )  # fmt: skip
    heads = [
        "planner", "N", "H", "iterations", "M", "return", "tick p50 [ms]", "tick p99 [ms]",
        "roughness", "",
    ]  # fmt: skip
    return markdown(heads, rows)


def check_table(check: Mapping[str, Any]) -> str:
    """The comparison on held-out perturbations as Markdown."""
    rows = []
    for name, figures in check["settings"].items():
        setting = Setting(figures["planner"], figures["window"])
        tick = figures["tick"]
        measured = figures.get("measured")
        ratio = "-" if figures["ratio"] is None else f"{figures['ratio']:.2f}"
        rows.append(
            [
                name,
                describe(setting),
                _with_interval(figures["return"], figures["interval_95"], 1),
                ratio + _interval(figures["ratio_interval_95"], 2),
                f"{tick['p99_ms']:.2f}",
                f"{measured['p99_ms']:.2f}" if measured else "-",
                f"{figures['roughness']:.2f}",
                f"{figures['falls']} of {check['robots']}",
            ]
        )
    heads = [
        "", "setting", "return", "of the default's", "tick p99, table [ms]",
        "tick p99, measured [ms]", "roughness", "fell",
    ]  # fmt: skip
    return markdown(heads, rows)


def figures_of(setting: Setting, tick: Tick, measured: Tick | None, final: Result | None) -> Any:
    """A chosen setting for `tuned.json`."""
    return {
        **asdict(setting),
        "tick": asdict(tick),
        "measured": asdict(measured) if measured else None,
        "final_return": final.mean if final else None,
        "final_falls": final.falls if final else None,
    }


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _with_interval(value: float, interval: Sequence[float] | None, decimals: int) -> str:
    return f"{value:.{decimals}f}{_interval(interval, decimals)}"


def _interval(interval: Sequence[float] | None, decimals: int) -> str:
    if interval is None:
        return ""
    return f" [{interval[0]:.{decimals}f}, {interval[1]:.{decimals}f}]"
