"""The robot in this process: the same robot as without a link."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from deploy.errors import DeployError
from deploy.runtime.link import Command, open_link
from robots import Simulator, get_robot
from robots.errors import RobotError


def command(sequence, values, armed=True):
    return Command(sequence, 0, 0, 10**9, np.asarray(values, np.float32), armed)


@pytest.mark.parametrize("robot", ["half-cheetah", "ant"])
def test_the_same_episode_as_without_a_link(robot):
    perturbation = "actuator-gain:0=-1@0.2s"
    link = open_link(f"sim:{robot}?perturb={perturbation}&seed=4")
    spec = get_robot(robot).spec
    assert [c.name for c in link.channels.observation] == list(spec.observation_names)
    simulator = Simulator(robot, perturbation, 4)
    expected = simulator.reset(4)
    rng = np.random.default_rng(0)
    assert link.read(0.0) is not None
    link.write(command(0, np.zeros(spec.action_size)))
    start = link.read(0.0)
    assert start is not None
    assert start.reset
    np.testing.assert_array_equal(start.values, expected)
    for step in range(1, 8):
        action = rng.uniform(-2, 2, spec.action_size)
        link.write(command(step, action))
        got, outcome = link.read(0.0), simulator.step(action.astype(np.float32))
        assert got is not None
        np.testing.assert_array_equal(got.values, outcome.observation)
        np.testing.assert_array_equal(
            got.applied, np.clip(action, spec.action_low, spec.action_high).astype(np.float32)
        )
        assert (got.applied_sequence, got.reset) == (step, False)
        assert got.reward == pytest.approx(outcome.reward)


def test_without_a_command_or_unarmed_the_robot_takes_its_safe_action():
    link = open_link("sim:half-cheetah")
    link.read(0.0)
    for written in (None, command(0, np.ones(6), armed=False)):
        if written is not None:
            link.write(written)
        got = link.read(0.0)
        assert got is not None
        assert got.applied_sequence == -1
        np.testing.assert_array_equal(got.applied, np.zeros(6, np.float32))


def test_a_command_that_is_not_finite_is_no_command():
    link = open_link("sim:half-cheetah")
    link.write(command(0, np.zeros(6)))
    link.read(0.0)
    link.read(0.0)
    link.write(command(1, [np.nan] + [1.0] * 5))
    got = link.read(0.0)
    assert got is not None
    np.testing.assert_array_equal(got.applied, np.zeros(6, np.float32))


def test_bad_robots_are_refused():
    with pytest.raises(RobotError, match="dog"):
        open_link("sim:dog")
    with pytest.raises((RobotError, DeployError), match="crippled-joint"):
        open_link("sim:half-cheetah?perturb=crippled-joint:9")


def test_nothing_is_loaded_once_somebody_waits():
    """Modules that the first control period brought made its reader late, in a fresh process."""
    code = (
        "import sys; from deploy.runtime.link import open_link; "
        "link = open_link('sim:half-cheetah'); before = set(sys.modules); "
        "[link.read(0.0) for _ in range(3)]; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
