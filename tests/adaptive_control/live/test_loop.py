from __future__ import annotations

import dataclasses
import threading
from functools import cache

import numpy as np
import pytest
import viser

from adaptive_control.live import commands as ask
from adaptive_control.live.foresee import torso_paths
from adaptive_control.live.loop import ControlLoop
from adaptive_control.live.page import Page
from adaptive_control.live.slot import Slot
from adaptive_control.pretrained import pretrained_path
from adaptive_control.training import LoadedModel, load_model
from controllers import make_planner
from robots import get_robot

PLANNER = make_planner("cem", candidates=16, horizon=4, iterations=1, elites=4)


@cache
def load(name: str) -> LoadedModel:
    return load_model(pretrained_path("half-cheetah", name), robot="half-cheetah", method=name)


@pytest.fixture
def loop() -> ControlLoop:
    return ControlLoop(get_robot("half-cheetah"), ("grbal", "mb"), load, PLANNER)


def newest(loop: ControlLoop):
    _, snapshot = loop.slot.newer_than(0, 0.0)
    assert snapshot is not None
    return snapshot


def test_twins_start_alike_and_move(loop):
    first = newest(loop)
    np.testing.assert_array_equal(first.robots[0].shapes.position, first.robots[1].shapes.position)
    loop.tick()
    assert not np.array_equal(
        newest(loop).robots[0].shapes.position, first.robots[0].shapes.position
    )


def test_a_fault_changes_the_plant_and_clears(loop):
    gain = loop._lanes[0].simulator.model.actuator_gainprm.copy()
    loop.send(ask.SetPerturbation("", "crippled-leg:back"))
    loop.send(ask.SetPerturbation("", "mass:2"))
    np.testing.assert_array_equal(loop._lanes[0].simulator.model.actuator_gainprm, gain)
    loop.tick()
    assert newest(loop).perturbations == ("crippled-leg:back", "mass:2")
    for lane in loop._lanes:
        assert (lane.simulator.model.actuator_gainprm[:3, 0] == 0).all()
    loop.send(ask.SetPerturbation(r"mass:[\d.]+", ""))
    loop.tick()
    assert newest(loop).perturbations == ("crippled-leg:back",)
    loop.send(ask.ClearPerturbations())
    loop.tick()
    np.testing.assert_array_equal(loop._lanes[0].simulator.model.actuator_gainprm, gain)


def test_what_cannot_act_together_is_refused_and_said(loop):
    loop.send(ask.SetPerturbation("", "terrain:basin"))
    loop.send(ask.SetPerturbation("", "pier:10"))
    loop.tick()
    assert newest(loop).perturbations == ("terrain:basin",)
    assert "pier" in newest(loop).notice


def test_a_planner_that_asks_for_more_than_the_model_has_is_refused():
    bare = lambda name: dataclasses.replace(load(name), value=None)  # noqa: E731
    loop = ControlLoop(get_robot("half-cheetah"), ("grbal", "mb"), bare, PLANNER)
    loop.send(ask.SetPlanner(make_planner("cem", candidates=24, horizon=3, terminal=1.0)))
    loop.tick()
    assert "terminal: 1 is not allowed" in newest(loop).notice
    assert newest(loop).planner == PLANNER
    loop.send(ask.Reset())
    loop.tick()
    assert newest(loop).notice == ""


def test_settings_change_what_plans(loop):
    loop.tick()
    loop.send(ask.SetPlanner(make_planner("mppi", candidates=12, horizon=7, iterations=1)))
    loop.send(ask.SetWindow(5))
    loop.tick()
    foresight = newest(loop).robots[0].foresight
    assert foresight is not None
    assert foresight.actions.shape[2] == 7
    assert loop._lanes[0]._agent.window.mask.shape[1] == 5
    assert torso_paths(foresight).shape[1:] == (8, 3)


def test_paths_begin_at_the_torso(loop):
    loop.tick()
    foresight = newest(loop).robots[0].foresight
    assert foresight is not None
    paths = torso_paths(foresight)
    np.testing.assert_allclose(paths[:, 0] - foresight.origin, 0.0, atol=1e-6)
    assert np.isfinite(paths).all()
    assert np.ptp(paths[:, -1, 0]) > 0


def test_a_pause_stops_time_and_a_reset_starts_anew(loop):
    loop.tick()
    loop.send(ask.Pause(True))
    loop.tick()
    assert loop.steps == 1
    loop.send(ask.Pause(False))
    loop.send(ask.Reset())
    loop.tick()
    assert (newest(loop).episode, loop.steps) == (1, 2)
    assert newest(loop).time == pytest.approx(loop.robot.spec.dt)


def test_models_and_twin_change_while_it_runs(loop):
    loop.send(ask.SetModels(("mb", "grbal")))
    loop.tick()
    assert [robot.label for robot in newest(loop).robots] == ["mb", "grbal"]
    loop.send(ask.SetModels(("grbal",)))
    loop.tick()
    assert [robot.label for robot in newest(loop).robots] == ["grbal"]


def test_every_thread_keeps_torch_to_itself(loop, monkeypatch):
    said = []
    for module in ("loop", "page"):
        monkeypatch.setattr(
            f"adaptive_control.live.{module}.this_thread_alone",
            lambda: said.append(threading.current_thread().name),
        )
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    page = Page(server, loop.robot, loop.slot, loop.send, ("grbal", "mb"))
    try:
        loop.start()
        page.start()
    finally:
        loop.stop()
        page.stop()
        server.stop()
    assert sorted(said) == ["control-loop", "live-page"]


def test_nobody_reading_does_not_stop_the_loop(loop):
    for _ in range(20):
        loop.tick()
    number, snapshot = loop.slot.newer_than(0, 0.0)
    assert loop.steps == 20
    assert number == 21  # one before the first step
    assert snapshot is not None
    assert snapshot.time == pytest.approx(20 * loop.robot.spec.dt)


def test_the_newest_value_wins():
    slot: Slot[int] = Slot()
    assert slot.newer_than(0, 0.0) == (0, None)
    for value in range(5):
        slot.publish(value)
    assert slot.newer_than(0, 0.0) == (5, 4)
    assert slot.newer_than(5, 0.0) == (5, None)


def test_a_push_adds_the_impulse(loop):
    simulator = loop._lanes[0].simulator
    model = simulator.model
    before = simulator.data.qvel.copy()
    simulator.push((3.0, 0.0, 0.0))
    import mujoco

    inertia = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, simulator.data, inertia)
    jump = simulator.data.qvel - before
    assert (inertia @ jump)[0] == pytest.approx(3.0)  # momentum along x
