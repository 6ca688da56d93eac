from __future__ import annotations

import re
from dataclasses import fields

import numpy as np
import pytest

from adaptive_control.live.faults import dials, fault_boxes
from adaptive_control.live.linked import pose_of
from adaptive_control.live.settings import settings_of
from controllers import planner_names
from controllers.registry import planner_class
from robots import Simulator, get_robot, parse_perturbation, robot_names
from robots.perturbations import KINDS


@pytest.mark.parametrize("name", planner_names())
def test_every_field_of_every_planner_has_a_widget(name):
    settings = {setting.name: setting for setting in settings_of(name)}
    assert list(settings) == [field.name for field in fields(planner_class(name))]
    for setting in settings.values():
        assert setting.hint
        assert setting.choices or setting.range
        if setting.range:
            low, high, _ = setting.range
            assert low <= setting.default <= high


@pytest.mark.parametrize("name", robot_names())
def test_every_kind_of_fault_has_a_widget_that_works(name):
    robot = get_robot(name)
    texts = [text for group in fault_boxes(robot).values() for _, text in group]
    for dial in dials():
        assert not dial.text(dial.neutral)
        assert dial.value(["pier:10"]) == dial.neutral
        for value in (dial.low, dial.high):
            text = dial.text(value)
            assert re.fullmatch(dial.pattern, text)
            assert dial.value([text]) == value
            texts.append(text)
    assert {text.partition(":")[0] for text in texts} == set(KINDS)
    for text in texts:
        assert str(parse_perturbation(text, robot)) == text


@pytest.mark.parametrize("name", robot_names())
def test_an_observation_gives_the_pose_back(name):
    simulator = Simulator(name, seed=3)
    rng = np.random.default_rng(0)
    for _ in range(5):
        simulator.step(rng.uniform(-1, 1, simulator.robot.spec.action_size))
        place = simulator.position[:2]
        qpos = pose_of(simulator.robot, simulator.observation.astype(float), place)
        truth = simulator.data.qpos
        if qpos.size == 15 and qpos[3:7] @ truth[3:7] < 0:
            qpos[3:7] *= -1
        np.testing.assert_allclose(qpos, truth, atol=1e-4)
