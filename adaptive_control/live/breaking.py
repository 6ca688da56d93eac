"""The widgets that break the robot: a box or a slider for every kind of perturbation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import viser

from adaptive_control.live import commands as ask
from adaptive_control.live.faults import Dial, dials, fault_boxes
from robots import Robot

__all__ = ["Breaking"]


class Breaking:
    """Widgets that switch perturbations on and off while the robot runs.

    Args:
        gui: where they go.
        robot: the robot.
        acting: texts of what acts now.
        send: takes the commands.
    """

    def __init__(
        self,
        gui: viser.GuiApi,
        robot: Robot,
        acting: Sequence[str],
        send: Callable[[ask.Command], None],
    ):
        self._gui, self._send = gui, send
        self._boxes: list[Any] = []
        self._sliders: list[tuple[Dial, Any]] = []
        gui.add_button("Clear all", icon=viser.Icon.ERASER).on_click(self._clear)
        legs, *others = fault_boxes(robot).items()
        self._group(*legs, acting, True)
        for dial in dials():
            self._slider(dial, acting)
        for title, boxes in others:
            self._group(title, boxes, acting, title == "Reverse a motor")
        text = gui.add_text("Any other", "", hint="kind:argument, joined by +, e.g. mass:1.5@5s")
        other = gui.add_button("Add it")
        other.on_click(lambda _: send(ask.SetPerturbation("", text.value)))

    def _group(
        self, title: str, boxes: Sequence[tuple[str, str]], acting: Sequence[str], opened: bool
    ) -> None:
        with self._gui.add_folder(title, expand_by_default=opened):
            for words, text in boxes:
                self._box(words, text, text in acting)

    def _box(self, words: str, text: str, on: bool) -> None:
        box = self._gui.add_checkbox(words, on, hint=text)
        pattern = re.escape(text)
        box.on_update(lambda _: self._send(ask.SetPerturbation(pattern, text if box.value else "")))
        self._boxes.append(box)

    def _slider(self, dial: Dial, acting: Sequence[str]) -> None:
        slider = self._gui.add_slider(
            dial.words, dial.low, dial.high, dial.step, dial.value(acting), hint=dial.kind
        )
        slider.on_update(
            lambda _: self._send(ask.SetPerturbation(dial.pattern, dial.text(slider.value)))
        )
        self._sliders.append((dial, slider))

    def _clear(self, _: Any) -> None:
        self._send(ask.ClearPerturbations())
        for box in self._boxes:
            box.value = False
        for dial, slider in self._sliders:
            slider.value = dial.neutral
