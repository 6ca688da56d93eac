"""The page: reads the newest snapshot at its own rate and shows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import viser

from adaptive_control.live.commands import Command
from adaptive_control.live.controls import Controls
from adaptive_control.live.plots import History, Plots
from adaptive_control.live.scene import Scene
from adaptive_control.live.slot import Slot
from adaptive_control.live.snapshot import Snapshot
from adaptive_control.threads import this_thread_alone
from robots import Robot

__all__ = ["Page"]

_PERIOD_S = 1 / 25  # between two pictures, at least; a little less than a control period
_PLOT_EVERY = 5  # pictures
_PATHS_EVERY = 3  # pictures: the dearest part of one


class Page:
    """Shows what arrives in a slot.

    Args:
        server: serves it.
        robot: the robot.
        slot: where snapshots arrive; holds one already.
        send: takes commands; None: a robot that can only be watched.
        methods: what can plan.
        mass: of the robot [kg].
        out: file of the Save button.
    """

    def __init__(
        self,
        server: viser.ViserServer,
        robot: Robot,
        slot: Slot[Snapshot],
        send: Callable[[Command], None] | None,
        methods: tuple[str, ...] = (),
        mass: float = 1.0,
        out: Path = Path("planner.toml"),
    ):
        self._server, self._slot = server, slot
        self._number, first = slot.newer_than(0, 1.0)
        assert first is not None, "a loop publishes before its page opens"
        server.gui.configure_theme(control_width="large", show_logo=False, show_share_button=False)
        server.gui.main_panel.dock_right()
        self._scene = Scene(server)
        self._status = server.gui.add_markdown("")
        self._said = ""
        self._paths = server.gui.add_checkbox("Candidate trajectories", True, visible=bool(send))
        self._folder = server.gui.add_folder("Plots")
        self._history = History()
        self._plots: Plots | None = None
        self._labels: tuple[str, ...] = ()
        if send is not None:
            Controls(server.gui, robot, methods, first, send, mass, out, self._say)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-page", daemon=True)
        self._pictures = 0
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Show, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        this_thread_alone()
        number, drawn = 0, 0.0
        try:
            while not self._stop.is_set():
                # Drawn as soon as it is published: the control loop rests then.
                number, snapshot = self._slot.newer_than(number, 0.2)
                if snapshot is not None and time.monotonic() - drawn > _PERIOD_S:
                    drawn = time.monotonic()
                    self.show(snapshot)
        except BaseException as failure:  # whoever runs the page says so and ends
            self.failure = failure

    def show(self, snapshot: Snapshot) -> None:
        """Draw one snapshot."""
        self._history.add(snapshot)
        watched = bool(self._server.get_clients())
        due = self._pictures % _PATHS_EVERY == 0
        self._scene.show(snapshot.robots, self._paths.value and watched, due)
        self._pictures += 1
        if self._pictures % _PLOT_EVERY == 1:
            self._show_plots(snapshot)
            self._show_status(snapshot)

    def plotted(self) -> dict[str, tuple[np.ndarray, ...]]:
        """What each plot shows: time [s], then its lines."""
        return {} if self._plots is None else self._plots.shown

    def _show_plots(self, snapshot: Snapshot) -> None:
        labels = tuple(robot.label for robot in snapshot.robots)
        if self._plots is None or labels != self._labels:
            place = self._folder.order
            self._folder.remove()
            self._folder = self._server.gui.add_folder("Plots", order=place)
            with self._folder:
                self._plots = Plots(self._server.gui, labels, snapshot.planner is not None)
            self._labels = labels
        self._plots.show(self._history, snapshot.dt)

    def _show_status(self, snapshot: Snapshot) -> None:
        rows = [f"**{snapshot.time:.1f} s**" + (" (paused)" if snapshot.paused else "")]
        if snapshot.planner is not None:
            planner = snapshot.planner
            rows[0] += (
                f" - {planner.name}, horizon {planner.horizon}, {planner.candidates} candidates, "
                f"M {snapshot.window}; {snapshot.late} late steps"
            )
            rows.append("acting: " + (", ".join(snapshot.perturbations) or "nothing"))
        for robot in snapshot.robots:
            gate = "adapted" if robot.gate_open else "prior"
            state = ", fallen" if robot.fallen else ""
            model = f" ({gate})" if snapshot.planner is not None else ""
            rows.append(f"{robot.label}{model}: {robot.position[0]:.1f} m{state}")
        notice = snapshot.notice or self._said
        if notice:
            rows.append(f"**{notice}**")
        content = "\n\n".join(rows)
        if self._status.content != content:
            self._status.content = content

    def _say(self, words: str) -> None:
        self._said = words
