"""The widgets: every setting of the planner, the methods, and the buttons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import viser

from adaptive_control.live import commands as ask
from adaptive_control.live.breaking import Breaking
from adaptive_control.live.settings import Setting, settings_of
from adaptive_control.live.snapshot import Snapshot
from controllers import PlannerError, make_planner, planner_names, save_planner
from robots import Robot

__all__ = ["Controls"]

_PUSH = 0.6  # m/s, what a push does to the robot's speed as a whole
_NO_TWIN = "none"


class Controls:
    """Widgets that send commands.

    Args:
        gui: where they go.
        robot: the robot.
        methods: what can plan.
        snapshot: what holds now.
        send: takes the commands.
        mass: of the robot [kg].
        out: file of the Save button.
        say: shows a message.
    """

    def __init__(
        self,
        gui: viser.GuiApi,
        robot: Robot,
        methods: tuple[str, ...],
        snapshot: Snapshot,
        send: Callable[[ask.Command], None],
        mass: float,
        out: Path,
        say: Callable[[str], None],
    ):
        self._gui, self._send, self._out, self._say = gui, send, out, say
        self._widgets: dict[str, Any] = {}
        assert snapshot.planner is not None, "a simulated robot is always planned for"
        self._planner = snapshot.planner
        self._run_buttons(mass)
        tabs = gui.add_tab_group()
        with tabs.add_tab("Break"):
            Breaking(gui, robot, snapshot.perturbations, send)
        with tabs.add_tab("Planner"):
            self._planner_widgets(snapshot)
        with tabs.add_tab("Models"):
            self._model_widgets(methods, snapshot)

    def _run_buttons(self, mass: float) -> None:
        gui, send = self._gui, self._send
        pause = gui.add_checkbox("Pause", False)
        pause.on_update(lambda _: send(ask.Pause(pause.value)))
        gui.add_button("Reset", icon=viser.Icon.REFRESH).on_click(lambda _: send(ask.Reset()))
        speed = gui.add_slider("Speed factor", 0.1, 3.0, 0.1, 1.0)
        speed.on_update(lambda _: send(ask.SetSpeed(float(speed.value))))
        push = gui.add_button_group("Push", ("back", "forward", "up"))
        strength = _PUSH * mass
        ways = {"back": (-1.0, 0.0, 0.0), "forward": (1.0, 0.0, 0.0), "up": (0.0, 0.0, 2.0)}

        @push.on_click
        def _(_: Any) -> None:
            x, y, z = (strength * part for part in ways[push.value])
            send(ask.Push((x, y, z)))

    def _planner_widgets(self, snapshot: Snapshot) -> None:
        gui = self._gui
        kind = gui.add_dropdown("Planner", planner_names(), initial_value=self._planner.name)
        window = gui.add_slider(
            "window M", 1, 64, 1, snapshot.window, hint="transitions to adapt from"
        )
        window.on_update(lambda _: self._send(ask.SetWindow(int(window.value))))
        folder = gui.add_folder("Settings")
        save = gui.add_button("Save to planner.toml", icon=viser.Icon.DEVICE_FLOPPY)

        def fill() -> None:
            for widget in self._widgets.values():
                widget.remove()
            self._widgets.clear()
            with folder:
                for setting in settings_of(self._planner.name):
                    value = getattr(self._planner, setting.name)
                    self._widgets[setting.name] = self._widget(setting, value)
                    self._widgets[setting.name].on_update(lambda _: self._apply(kind.value))

        @kind.on_update
        def _(_: Any) -> None:
            self._planner = make_planner(kind.value)
            self._send(ask.SetPlanner(self._planner))
            fill()

        @save.on_click
        def _(_: Any) -> None:
            try:
                save_planner(self._out, self._planner)
                self._say(f"saved to {self._out}")
            except PlannerError as error:
                self._say(str(error))

        fill()

    def _widget(self, setting: Setting, value: Any) -> Any:
        gui, name, hint = self._gui, setting.name, setting.hint
        if setting.choices:
            return gui.add_dropdown(name, setting.choices, initial_value=value, hint=hint)
        if setting.range is None:
            return gui.add_number(name, value, hint=hint)
        low, high, step = setting.range
        if isinstance(setting.default, int):
            low, high, step = int(low), int(high), int(step)
        return gui.add_slider(name, min(low, value), max(high, value), step, value, hint=hint)

    def _apply(self, name: str) -> None:
        values = {field: widget.value for field, widget in self._widgets.items()}
        try:
            self._planner = make_planner(name, **values)
        except PlannerError as error:
            self._say(str(error))
            return
        self._say("")
        self._send(ask.SetPlanner(self._planner))

    def _model_widgets(self, methods: tuple[str, ...], snapshot: Snapshot) -> None:
        gui, labels = self._gui, [robot.label for robot in snapshot.robots]
        model = gui.add_dropdown("Robot", methods, initial_value=labels[0])
        twin = gui.add_dropdown(
            "Twin", (_NO_TWIN, *methods), initial_value=labels[1] if labels[1:] else _NO_TWIN
        )

        def choose(_: Any) -> None:
            names = (model.value,) if twin.value == _NO_TWIN else (model.value, twin.value)
            self._send(ask.SetModels(names))

        model.on_update(choose)
        twin.on_update(choose)
