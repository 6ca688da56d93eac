"""The page in a real browser, driven as a person would: by clicks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adaptive_control.live.loop import ControlLoop
from adaptive_control.live.page import Page
from adaptive_control.live.snapshot import Snapshot
from adaptive_control.pretrained import pretrained_path
from adaptive_control.training import LoadedModel, load_model
from controllers import load_planner, make_planner
from robots import get_robot
from tests.adaptive_control.live.browser import opened

viser = pytest.importorskip("viser")

PLANNER = make_planner("cem", candidates=16, horizon=6, iterations=1, elites=4)


@cache
def load(name: str) -> LoadedModel:
    return load_model(pretrained_path("half-cheetah", name), robot="half-cheetah", method=name)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, ControlLoop, Page, Path]]:
    """Address, loop and page of a robot that runs, and where its planner is saved."""
    robot = get_robot("half-cheetah")
    loop = ControlLoop(robot, ("grbal", "mb"), load, PLANNER)
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    out = tmp_path / "planner.toml"
    page = Page(server, robot, loop.slot, loop.send, ("grbal", "mb"), 14.0, out)
    loop.start()
    page.start()
    try:
        yield f"http://127.0.0.1:{server.get_port()}", loop, page, out
    finally:
        loop.stop()
        page.stop()
        server.stop()
    assert loop.failure is None
    assert page.failure is None


def planned(loop: Any) -> int:
    """Control periods of the candidates that were drawn last; 0 before any."""
    foresight = newest(loop).robots[0].foresight
    return 0 if foresight is None else foresight.actions.shape[2]


def newest(loop: ControlLoop) -> Snapshot:
    _, snapshot = loop.slot.newer_than(0, 0.0)
    assert snapshot is not None
    return snapshot


def until(browser, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "the page did not come to it"
        browser.wait_for_timeout(100)


def scene(browser) -> np.ndarray:
    """What the 3-D view shows, as the bytes of its picture."""
    return np.frombuffer(browser.locator("canvas").first.screenshot(), dtype=np.uint8)


@pytest.mark.slow
def test_the_page_moves_breaks_and_tunes_by_clicks(served) -> None:
    url, loop, page, out = served
    with opened(url) as (browser, errors):
        step = loop.steps
        before = scene(browser)
        until(browser, lambda: loop.steps > step + 10)
        until(browser, lambda: not np.array_equal(scene(browser), before))

        # A leg is crippled by a click: the plant changes, and what is plotted of it.
        drawn = page.plotted()
        browser.get_by_label("leg back", exact=True).click(force=True)
        until(browser, lambda: newest(loop).perturbations == ("crippled-leg:back",))
        simulator = loop._lanes[0].simulator
        assert (simulator.model.actuator_gainprm[:3, 0] == 0).all()
        broken = newest(loop).time
        until(browser, lambda: page.plotted()["speed"][0][-1] > broken + 0.2)
        assert not np.array_equal(page.plotted()["speed"][1], drawn["speed"][1])
        browser.get_by_role("button", name="Clear all").click()
        until(browser, lambda: newest(loop).perturbations == ())
        until(browser, lambda: not browser.get_by_label("leg back", exact=True).is_checked())

        # A slider changes the horizon in use.
        browser.get_by_role("tab", name="Planner").click()
        named = browser.get_by_text("horizon", exact=True).first.get_attribute("for")
        slider = browser.locator(f"[id='{named}'] [role=slider]")
        slider.focus()
        for _ in range(3):
            slider.press("ArrowRight")
        until(browser, lambda: getattr(newest(loop).planner, "horizon", 0) == 9)
        until(browser, lambda: planned(loop) == 9)
        browser.get_by_role("button", name="Save to planner.toml").click()
        until(browser, out.exists)
        assert load_planner(out) == newest(loop).planner
        assert errors == []
