"""The pictures of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from adaptive_control.files import atomic_path
from adaptive_control.tune.foresight import Foresight
from adaptive_control.tune.search import Tried
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.sweep import AtHorizon

__all__ = ["plot_horizon", "plot_importance", "plot_pareto"]

_COLOURS = {"cem": "#0072b2", "icem": "#d55e00", "mppi": "#009e73", "random-shooting": "#888888"}
_MARKERS = {"default": "s", "best": "*", "as-fast": "P", "half": "X"}
_LIMIT = "#555555"


def plot_pareto(
    path: Path,
    tried: Sequence[Tried],
    front: Sequence[Tried],
    marked: Mapping[str, Setting],
    limit_ms: float,
    title: str,
) -> None:
    """Return and smoothness against p99; the front, the limit, and the settings with a name."""
    figure = _figure((9, 7), title)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    for kind in dict.fromkeys(t.setting.kind for t in tried):
        chosen = [t for t in tried if t.setting.kind == kind]
        colour = _COLOURS.get(kind)
        late = [t.tick.p99_ms for t in chosen]
        above.scatter(late, [t.result.mean for t in chosen], s=18, color=colour, label=kind)
        below.scatter(late, [t.result.mean_roughness for t in chosen], s=18, color=colour)
    above.step(
        [t.tick.p99_ms for t in front], [t.result.mean for t in front],
        where="post", color="black", linewidth=1, label="Pareto front",
    )  # fmt: skip
    by_setting = {t.setting: t for t in tried}
    for name, setting in marked.items():
        if setting in by_setting:
            one = by_setting[setting]
            above.scatter(
                one.tick.p99_ms, one.result.mean, s=130, marker=_MARKERS[name],
                facecolor="none", edgecolor="black", label=name, zorder=3,
            )  # fmt: skip
    for axes in (above, below):
        axes.axvline(limit_ms, color=_LIMIT, linestyle=":", linewidth=1)
    above.set_xscale("log")
    # Plain milliseconds: an axis over less than a decade would say 4 x 10^0.
    above.xaxis.set_major_formatter(LogFormatter())
    above.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.7)))
    above.set_ylabel("mean return, training perturbations")
    above.legend(loc="best", fontsize="small")
    below.set_ylabel("roughness of the command\n[half ranges]")
    below.set_xlabel("p99 of the whole tick [ms]; the dotted line is the limit")
    _save(figure, path)


def plot_importance(path: Path, shares: Mapping[str, Mapping[str, float]], title: str) -> None:
    """Importance of each setting for the return and for the latency."""
    figure = _figure((9, 4), title)
    for axes, (objective, values) in zip(
        figure.subplots(1, max(1, len(shares)), squeeze=False)[0], shares.items(), strict=False
    ):
        names = sorted(values, key=lambda name: values[name])
        axes.barh(names, [values[name] for name in names], color="#0072b2")
        axes.set_title(objective)
        axes.set_xlabel("share of the importance")
    _save(figure, path)


def plot_horizon(
    path: Path,
    foresight: Foresight,
    bins: Sequence[AtHorizon],
    trained_future: int | None,
    title: str,
) -> None:
    """Model error against horizon, and below it the best return at each horizon."""
    figure = _figure((9, 7), title)
    above, below = figure.subplots(2, 1, sharex=True)
    if foresight.after:
        steps = range(1, len(foresight.after) + 1)
        above.plot(steps, foresight.before, "--", color="#0072b2", label="before adapting")
        above.plot(steps, foresight.after, color="#0072b2", label="after adapting")
        above.axhline(
            foresight.average_state, color=_LIMIT, linestyle=":", label="the average state"
        )
        above.set_yscale("log")
        if trained_future:
            above.axvline(trained_future, color="#bbbbbb", linewidth=1, label="K of the training")
        above.legend(loc="best", fontsize="small")
    above.set_ylabel("squared model error\n[targets' variance]")
    if bins:
        _draw_bins(below, bins)
    below.set_ylabel("best mean return,\neverything else tuned")
    below.set_xlabel("horizon [control steps]")
    _save(figure, path)


def _draw_bins(axes: Axes, bins: Sequence[AtHorizon]) -> None:
    horizons = [b.horizon for b in bins]
    axes.plot(horizons, [b.tried.result.mean for b in bins], "o-", color="#d55e00")
    for one in bins:
        axes.annotate(
            one.tried.setting.kind, (one.horizon, one.tried.result.mean),
            textcoords="offset points", xytext=(0, 6), ha="center", fontsize="x-small",
        )  # fmt: skip


def _figure(size: tuple[float, float], title: str) -> Figure:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)  # no window system is asked for anything
    figure.suptitle(title)
    return figure


def _save(figure: Figure, path: Path) -> None:
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
