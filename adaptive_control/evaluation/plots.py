"""The pictures of an evaluation, from results.json alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from adaptive_control.evaluation.grouping import Results, by_suite, columns, tested
from adaptive_control.evaluation.plan import MODEL_ORACLE, SIMULATOR_ORACLE
from adaptive_control.evaluation.statistics import Estimate
from adaptive_control.evaluation.summary import compared, mean_error, pooled, returns_of
from adaptive_control.files import atomic_path
from adaptive_control.methods import DEFAULT_METHOD

__all__ = ["write_plots"]

Conditions = list[Mapping[str, Any]]

_FAULT = "#b00020"
_FEW = 4
_ORACLE_COLOURS = {MODEL_ORACLE: "#222222", SIMULATOR_ORACLE: "#888888"}


def write_plots(folder: Path, results: Results) -> list[Path]:
    """Draw what can be drawn from what is known.

    Args:
        folder: where to.
        results: what `collect_results` returned.

    Returns:
        The files written: of returns.png, recovery.png, model_error.png and ablations.png those
        for which there was something to draw.
    """
    suites = by_suite(results)
    figures = {
        "returns.png": _returns(results, suites),
        "recovery.png": _recovery(results, suites),
        "model_error.png": _model_error(results, suites),
        "ablations.png": _ablations(results, suites),
    }
    written = []
    for name, figure in figures.items():
        if figure is None:
            (folder / name).unlink(missing_ok=True)  # one of an earlier run would not show this one
            continue
        with atomic_path(folder / name) as temporary:
            figure.savefig(temporary, dpi=110)
        written.append(folder / name)
    return written


def _returns(results: Results, suites: Mapping[str, Conditions]) -> Figure | None:
    """Return of each variant in each suite, with intervals; normalised where there is an oracle."""
    variants = columns(results)
    points = {
        (suite, variant): found
        for suite, conditions in suites.items()
        for variant in variants
        if (found := _suite_return(results, tested(conditions), variant)) is not None
    }
    if not points:
        return None
    figure, axes = _figure(1, 1, (max(8, 1.7 * len(suites) + 1.5), 4.5))
    colours = _colours(variants)
    offsets = np.linspace(-0.35, 0.35, len(variants)) if len(variants) > 1 else [0.0]
    for variant, offset in zip(variants, offsets, strict=True):
        for x, suite in enumerate(suites):
            if (suite, variant) in points:
                _point(axes[0], x + offset, points[suite, variant], colours[variant])
        axes[0].plot([], [], "o", color=colours[variant], label=variant)
    axes[0].set_xticks(range(len(suites)), [suite.replace(" ", "\n") for suite in suites])
    axes[0].set_xlim(-0.6, len(suites) - 0.4)
    axes[0].set_ylabel(_return_label(results))
    if _has_oracle(results):
        axes[0].axhline(1, color=_ORACLE_COLOURS[MODEL_ORACLE], linewidth=0.8, linestyle=":")
    axes[0].axhline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
    _legend(axes)
    return figure


def _recovery(results: Results, suites: Mapping[str, Conditions]) -> Figure | None:
    """Speed around the fault: the first test of each suite that switches on in mid-episode."""
    chosen = {
        suite: condition
        for suite, conditions in suites.items()
        for condition in reversed(conditions)
        if condition["fault_step"] and _curves(results, condition)
    }
    if not chosen:
        return None
    across = min(2, len(chosen))
    figure, axes = _figure(-(-len(chosen) // across), across, (5.5 * across + 1.5, 0))
    variants = columns(results)
    colours = _colours(variants)
    # Of many, two stand out: bands of all of them would hide each other.
    banded = variants if len(variants) <= _FEW else (DEFAULT_METHOD, "mb")
    for panel, (suite, condition) in zip(axes, chosen.items(), strict=False):
        for variant, speed, dt in _curves(results, condition):
            times = np.arange(len(speed["median"])) * dt
            colour, wide = colours[variant], 1.8 if variant in banded else 0.9
            panel.plot(times, speed["median"], color=colour, label=variant, linewidth=wide)
            if variant in banded:
                panel.fill_between(
                    times, speed["low"], speed["high"], color=colour, alpha=0.15, linewidth=0
                )
            panel.axvline(condition["fault_step"] * dt, color=_FAULT, linestyle="--", linewidth=1.0)
        panel.set_title(f"{suite}: {condition['test']}", fontsize="small")
        panel.set_ylabel("speed [m/s]")
        panel.set_xlabel("time [s]; median and quartiles over seeds")
    _legend(axes)
    _hide(axes[len(chosen) :])
    return figure


def _curves(results: Results, condition: Mapping[str, Any]) -> list[tuple[str, Any, float]]:
    found = ((name, condition["results"].get(name)) for name in columns(results))
    return [(name, r["speed"], r["dt"]) for name, r in found if r and r.get("speed")]


def _model_error(results: Results, suites: Mapping[str, Conditions]) -> Figure | None:
    """K-step error against how far ahead: prior dashed, adapted solid; before and after faults."""
    variants = [name for name in columns(results) if name not in _ORACLE_COLOURS]
    colours = _colours(variants)
    robots: dict[str, Conditions] = {}
    for condition in (c for group in suites.values() for c in group if c["fault_step"]):
        if any(mean_error([condition], v, "after_fault", "prior") for v in variants):
            robots.setdefault(condition["robot"], []).append(condition)
    if not robots:
        return None
    figure, axes = _figure(len(robots), 2, (12.5, 0))
    for row, (robot, faults) in enumerate(robots.items()):
        for column, when in enumerate(("before_fault", "after_fault")):
            panel = axes[2 * row + column]
            for variant in variants:
                prior = mean_error(faults, variant, when, "prior")
                adapted = mean_error(faults, variant, when, "adapted")
                if prior is None or adapted is None:
                    continue
                ahead = np.arange(1, len(prior) + 1)
                panel.plot(ahead, adapted, color=colours[variant], label=variant)
                if prior != adapted:
                    panel.plot(ahead, prior, color=colours[variant], linestyle="--", linewidth=0.9)
            panel.set_title(f"{robot}, {when.replace('_', ' the ')}", fontsize="small")
            panel.set_xlabel("steps ahead; dashed: before adapting")
            panel.set_ylabel("squared error / variance")
            panel.set_ylim(bottom=0)
    _legend(axes)
    return figure


def _ablations(results: Results, suites: Mapping[str, Conditions]) -> Figure | None:
    """A panel for each thing that is varied, a colour for each suite."""
    groups: dict[str, list[str]] = {}
    for condition in results["conditions"]:
        for variant, result in condition["results"].items():
            if result["group"] and variant not in groups.setdefault(result["group"], []):
                groups[result["group"]].append(variant)
    if not groups:
        return None
    base = results["settings"]["ablate_model"]
    across = min(2, len(groups))
    figure, axes = _figure(-(-len(groups) // across), across, (6 * across + 1.5, 0))
    drawn = False
    for panel, (group, varied) in zip(axes, groups.items(), strict=False):
        names = [base, *varied]
        for number, (suite, conditions) in enumerate(suites.items()):
            faults = [c for c in conditions if c["fault_step"]]
            offset = (number - (len(suites) - 1) / 2) * 0.12
            for x, variant in enumerate(names):
                found = _suite_return(results, faults, variant)
                if found is not None:
                    drawn = True
                    _point(panel, x + offset, found, f"C{number % 10}")
            panel.plot([], [], "o", color=f"C{number % 10}", label=suite)
        short = [name.removeprefix(base).strip(" []") or "as it is" for name in names]
        panel.set_xticks(range(len(names)), short, rotation=20, fontsize="x-small")
        panel.set_title(group, fontsize="small")
        panel.set_ylabel(_return_label(results), fontsize="small")
    _legend(axes)
    _hide(axes[len(groups) :])
    return figure if drawn else None


def _suite_return(results: Results, conditions: Conditions, variant: str) -> Estimate | None:
    """Over all runs: normalised where there are oracles, else per step."""
    steps = results["settings"]["budget"]["steps"]
    found = pooled if _has_oracle(results) else compared
    return found(conditions, variant, steps).estimate


def _has_oracle(results: Results) -> bool:
    """Whether the oracle is there for all that was to be run: one axis, one unit."""
    wanted = [c for c in tested(results["conditions"]) if MODEL_ORACLE in c["results"]]
    return bool(wanted) and all(returns_of(c, MODEL_ORACLE) is not None for c in wanted)


def _return_label(results: Results) -> str:
    return f"return over the {MODEL_ORACLE}'s" if _has_oracle(results) else "return a step"


def _colours(names: Sequence[str]) -> dict[str, Any]:
    others = [name for name in names if name not in _ORACLE_COLOURS]
    palette = colormaps["tab10" if len(others) <= 10 else "tab20"]
    return {**{name: palette(i % palette.N) for i, name in enumerate(others)}, **_ORACLE_COLOURS}


def _point(axes: Axes, x: float, found: Estimate, colour: Any) -> None:
    if found.low is not None and found.high is not None:
        axes.plot([x, x], [found.low, found.high], color=colour, linewidth=1.4)
    axes.plot([x], [found.value], "o", color=colour, markersize=4)


def _figure(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(size[0], size[1] or 3.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)  # no window system is asked for anything
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def _legend(axes: Sequence[Axes]) -> None:
    """Beside the panels, of whatever any of them shows."""
    shown = {
        label: handle
        for panel in axes
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure = axes[0].get_figure()
    if shown and figure is not None:
        figure.legend(shown.values(), shown.keys(), loc="outside right upper", fontsize="small")


def _hide(axes: Sequence[Axes]) -> None:
    for panel in axes:
        panel.set_visible(False)
