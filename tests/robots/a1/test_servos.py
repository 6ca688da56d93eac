"""Servos of negative gain: they push their joints away, and the physics goes on."""

from __future__ import annotations

import numpy as np
import pytest

from robots import Simulator
from robots.plant import compiled

NOMINAL = Simulator("a1").model


@pytest.mark.parametrize(
    "fault", ["actuator-gain:-3", "actuator-gain:-2.3", "mass:0.3+actuator-gain:-1"]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_robot_falls_rather_than_being_put_back(
    fault: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = Simulator("a1", fault, seed)
    stopped: list[int] = []
    monkeypatch.setattr(simulator._episodes, "_stop", lambda row, qpos: stopped.append(row))
    fallen = [simulator.step(np.zeros(12)).fallen for _ in range(40)]
    assert not stopped
    assert sum(fallen) > 20


@pytest.mark.parametrize("fault", ["3=-1", "-1", "-2", "5=-2", "2"])
def test_gains_that_the_integrator_bears_are_what_they_say(fault: str) -> None:
    model = Simulator("a1", f"actuator-gain:{fault}").model
    ratio = model.actuator_biasprm[:, 2] / NOMINAL.actuator_biasprm[:, 2]
    np.testing.assert_array_equal(ratio, model.actuator_gainprm[:, 0] / 80.0)


def test_only_the_damping_is_held_back() -> None:
    model = Simulator("a1", "actuator-gain:-3").model
    np.testing.assert_array_equal(model.actuator_gainprm, -3 * NOMINAL.actuator_gainprm)
    np.testing.assert_array_equal(model.actuator_biasprm[:, 1], -3 * NOMINAL.actuator_biasprm[:, 1])
    assert (model.actuator_biasprm[:, 2] > 0.5).all()
    assert (model.actuator_biasprm[:, 2] < 1.4).all()  # what the worst posture bears
    assert compiled(Simulator("a1").robot, ()) is NOMINAL
