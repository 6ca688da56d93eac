"""Plots of the last seconds: speed, model error, gate, stage times against the deadline."""

from __future__ import annotations

from collections import deque

import numpy as np
import viser
from viser import uplot

from adaptive_control.live.scene import COLOURS
from adaptive_control.live.snapshot import Snapshot

__all__ = ["History", "Plots"]

_SECONDS = 15.0


class History:
    """Figures of the last seconds, of up to two robots."""

    def __init__(self) -> None:
        self.rows: deque[tuple[float, ...]] = deque()
        self._episode, self._robots = -1, 0

    def add(self, snapshot: Snapshot) -> None:
        """Take in a snapshot; a new episode begins anew."""
        if (snapshot.episode, len(snapshot.robots)) != (self._episode, self._robots):
            self.rows.clear()
            self._episode, self._robots = snapshot.episode, len(snapshot.robots)
        if self.rows and snapshot.time <= self.rows[-1][0]:
            return
        row = [snapshot.time]
        for robot in snapshot.robots:
            row += [robot.speed, robot.error_before, robot.error_after, float(robot.gate_open)]
            row += [1e3 * robot.adapt_s, 1e3 * robot.plan_s]
        self.rows.append(tuple(row))
        while self.rows[0][0] < snapshot.time - _SECONDS:
            self.rows.popleft()

    def column(self, robot: int, figure: int) -> np.ndarray:
        """One figure over time; NaN where the robot is not there."""
        index = 1 + 6 * robot + figure
        return np.array([row[index] if index < len(row) else np.nan for row in self.rows])

    @property
    def time(self) -> np.ndarray:
        """[s]."""
        return np.array([row[0] for row in self.rows])


class Plots:
    """The plots of a page.

    Args:
        gui: where they go.
        labels: of the robots.
        plans: whether anything plans here, and so has errors and stage times.
    """

    def __init__(self, gui: viser.GuiApi, labels: tuple[str, ...], plans: bool):
        self._count = len(labels)
        own, twin = (f"rgb{colour}" for colour in COLOURS)
        lines = [(label, colour) for label, colour in zip(labels, (own, twin), strict=False)]
        self._handles = {"speed": _plot(gui, "speed [m/s]", lines)}
        if plans:
            before, of = "rgb(150,150,150)", labels[0]
            self._handles["error"] = _plot(
                gui,
                f"one-step model error of {of}",
                [("before adapting", before), ("after", own)],
            )
            stages = [("adapt", "rgb(40,150,90)"), ("plan", own), ("deadline", "rgb(220,40,60)")]
            with gui.add_folder("Gate and stage times", expand_by_default=False):
                self._handles["gate"] = _plot(
                    gui, f"gate of {of} (1: adapted model in use)", [(of, own)], (-0.1, 1.1)
                )
                self._handles["stages"] = _plot(gui, f"stage times of {of} [ms]", stages)

    @property
    def shown(self) -> dict[str, tuple[np.ndarray, ...]]:
        """What each plot shows: time [s], then its lines."""
        return {name: tuple(handle.data) for name, handle in self._handles.items()}

    def show(self, history: History, dt: float) -> None:
        """Draw what has happened."""
        time = history.time
        if len(time) < 2:
            return
        deadline = np.full(len(time), 1e3 * dt)
        column = history.column
        data = {
            "speed": tuple(_smooth(column(robot, 0)) for robot in range(self._count)),
            "error": (_smooth(column(0, 1)), _smooth(column(0, 2))),
            "gate": (column(0, 3),),
            "stages": (column(0, 4), column(0, 5), deadline),
        }
        for name, handle in self._handles.items():
            handle.data = (time, *data[name])


def _smooth(values: np.ndarray, steps: int = 5) -> np.ndarray:
    """A trailing mean: single steps of a running robot hide what matters."""
    padded = np.concatenate([np.full(steps - 1, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, steps)
    valid = np.isfinite(windows)
    total = np.where(valid, windows, 0.0).sum(axis=1)
    return total / np.maximum(valid.sum(axis=1), 1)


def _plot(
    gui: viser.GuiApi,
    title: str,
    lines: list[tuple[str, str]],
    limits: tuple[float, float] | None = None,
) -> viser.GuiUplotHandle:
    series = [uplot.Series(label="s")]
    series += [uplot.Series(label=label, stroke=colour, width=1.5) for label, colour in lines]
    scales = {"x": uplot.Scale(time=False)}
    if limits is not None:
        scales["y"] = uplot.Scale(range=limits)
    empty = tuple(np.array([0.0, 1e-3]) for _ in series)
    return gui.add_uplot(empty, tuple(series), title=title, scales=scales, aspect=3.0)
