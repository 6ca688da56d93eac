"""The picture: speed, one-step model error, and planning time, with the fault line through all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from adaptive_control.demo.labels import COLOURS, FAULT_COLOUR, display_name
from adaptive_control.episodes import Recording
from adaptive_control.files import atomic_path

__all__ = ["write_plot"]

SMOOTH_S = 0.5
"""Curves are running means over this long [s]: a stride swings the speed by its own size."""


def write_plot(path: Path, twins: Sequence[Recording], title: str, onsets: Sequence[float]) -> None:
    """Draw the run of both twins.

    With several seeds a curve is the mean over seeds, in a band from the lowest to the highest.

    Args:
        path: the file; its suffix chooses the format.
        twins: the recordings.
        title: stands above.
        onsets: when something breaks [s].
    """
    figure = Figure(figsize=(9, 8), layout="constrained")
    FigureCanvasAgg(figure)  # no window system is asked for anything
    figure.suptitle(title)
    speed, error, time = figure.subplots(3, 1, sharex=True)
    for twin, colour in zip(twins, COLOURS, strict=False):
        _draw_speed(speed, twin, colour)
        _draw_error(error, twin, colour)
        _draw_planning_time(time, twin, colour)
    speed.axhline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
    speed.set_ylabel("forward speed [m/s]")
    error.set_ylabel("one-step model error\n(normalised, squared)")
    if _positive(error):
        error.set_yscale("log")
    time.axhline(twins[0].dt * 1e3, color="#555555", linewidth=0.8, linestyle=":")
    time.set_ylabel("planning time [ms]")
    time.set_xlabel("time [s]; the dotted line is the control period")
    time.set_ylim(bottom=0)
    for axes in (speed, error, time):
        for onset in onsets:
            axes.axvline(onset, color=FAULT_COLOUR, linewidth=1.5, linestyle="--")
        axes.set_xlim(0, twins[0].steps * twins[0].dt)
        axes.legend(loc="best", fontsize="small", framealpha=0.8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _draw_speed(axes: Axes, twin: Recording, colour: str) -> None:
    times = np.arange(twin.steps) * twin.dt
    curves = _smooth(twin.speed, twin.dt)
    axes.plot(times, _over_seeds(np.mean, curves), color=colour, label=display_name(twin.model))
    if len(twin.seeds) > 1:
        low, high = _over_seeds(np.min, curves), _over_seeds(np.max, curves)
        axes.fill_between(times, low, high, color=colour, alpha=0.15, linewidth=0)


def _draw_error(axes: Axes, twin: Recording, colour: str) -> None:
    """Before adaptation dashed, after it solid; one line for a model that does not adapt."""
    times = np.arange(twin.steps) * twin.dt
    name = display_name(twin.model)
    before = _over_seeds(np.mean, _smooth(twin.error_before, twin.dt))
    after = _over_seeds(np.mean, _smooth(twin.error_after, twin.dt))
    if np.array_equal(before, after, equal_nan=True):
        axes.plot(times, before, color=colour, label=name)
        return
    axes.plot(times, before, color=colour, linestyle="--", label=f"{name} before adaptation")
    axes.plot(times, after, color=colour, label=f"{name} after adaptation")


def _draw_planning_time(axes: Axes, twin: Recording, colour: str) -> None:
    times = np.arange(1, twin.steps) * twin.dt  # the first step is warm-up
    share = f" ({len(twin.seeds)} robots at once)" if len(twin.seeds) > 1 else ""
    axes.plot(
        times, twin.plan_s[1:] * 1e3, color=colour, linewidth=0.8,
        label=display_name(twin.model) + share,
    )  # fmt: skip


def _smooth(series: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    """Mean of the last `SMOOTH_S` at each step, of what is finite there, `[T, B]`."""
    width = max(1, round(SMOOTH_S / dt))
    known = np.isfinite(series)
    sums = _sliding_sum(np.where(known, series, 0.0), width)
    counts = _sliding_sum(known.astype(float), width)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _sliding_sum(series: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    total = np.cumsum(series, axis=0)
    total[width:] = total[width:] - total[:-width]
    return total


def _over_seeds(
    function: Callable[..., NDArray[np.float64]], series: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`function` over the seeds that are finite, at each step `[T]`; NaN where none is."""
    result = np.full(len(series), np.nan)
    for step, values in enumerate(series):
        values = values[np.isfinite(values)]
        if len(values):
            result[step] = function(values)
    return result


def _positive(axes: Axes) -> bool:
    """Whether there is anything to show on a logarithmic axis."""
    return any(np.any(np.asarray(line.get_ydata(), dtype=float) > 0) for line in axes.get_lines())
