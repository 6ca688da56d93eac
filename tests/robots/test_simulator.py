"""One simulated robot: what it measures, earns and accepts."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import gymnasium
import mujoco
import numpy as np
import pytest

from robots import RobotError, Simulator, get_robot, robot_names

ROBOTS = robot_names()


def actions(robot: str, steps: int, seed: int = 0) -> np.ndarray:
    spec = get_robot(robot).spec
    drawn = np.random.default_rng(seed).uniform(-1, 1, (steps, spec.action_size))
    return drawn.astype(np.float32) * spec.action_high


def gymnasium_twin(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Gymnasium's own model files use a deprecated attribute
        return gymnasium.make(name).unwrapped


@pytest.mark.parametrize(
    ("robot", "name", "rounding"),
    # The half-cheetah's total mass is set through densities: equal to the last bit or so.
    [("half-cheetah", "HalfCheetah-v5", 1e-10), ("ant", "Ant-v5", 0.0)],
)
def test_physics_is_that_of_gymnasium(
    robot: str, name: str, rounding: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # MuJoCo logs that warning to the working directory
    twin, simulator = gymnasium_twin(name), Simulator(robot)
    twin.reset(seed=5)
    simulator.reset(seed=5)
    ids = simulator.robot.actuator_ids(simulator.model)
    for action in actions(robot, 20):
        ordered = np.zeros_like(action)
        ordered[ids] = action
        twin.step(ordered)
        simulator.step(action)
    np.testing.assert_allclose(simulator.data.qpos, twin.data.qpos, rtol=0, atol=rounding)
    np.testing.assert_allclose(simulator.data.qvel, twin.data.qvel, rtol=0, atol=100 * rounding)


@pytest.mark.parametrize("robot", ROBOTS)
def test_rewards_sum_to_the_distance(robot: str) -> None:
    simulator = Simulator(robot, seed=3)
    start, total = simulator.position[0], 0.0
    spec = simulator.robot.spec
    for action in actions(robot, 60):
        before = simulator.observation
        step = simulator.step(action)
        speed_only = step.reward
        effort, alive = {"half-cheetah": (0.05, 0.0), "ant": (0.01, 0.05), "a1": (0.1, 0.05)}[robot]
        speed_only += effort * float((action**2).sum()) - alive * (not step.fallen)
        if robot == "a1":
            speed_only += 0.5 * (1 - float(np.cos(step.observation[4])))  # its heading
        total += speed_only * spec.dt
        assert step.reward == float(spec.reward(before, action, step.observation))
    assert total == pytest.approx(simulator.position[0] - start, abs=1e-4)


def test_ant_speeds_are_in_the_heading_at_the_start_of_the_period() -> None:
    simulator = Simulator("ant", seed=2)
    names = simulator.robot.spec.observation_names
    yaw, forward, lateral = (names.index(n) for n in ("yaw", "forward_speed", "lateral_speed"))
    turned = 0.0
    for action in actions("ant", 80):
        before, start = simulator.observation, simulator.position
        after = simulator.step(action).observation
        moved = (simulator.position - start)[:2] / 0.05
        cos, sin = np.cos(before[yaw]), np.sin(before[yaw])
        expected = (cos * moved[0] + sin * moved[1], cos * moved[1] - sin * moved[0])
        np.testing.assert_allclose(after[[forward, lateral]], expected, atol=1e-4)
        turned = max(turned, abs(float(after[yaw])))
    assert turned > 0.5  # or this would test nothing


def test_ant_up_and_velocities_are_in_the_torso_frame() -> None:
    simulator = Simulator("ant", seed=4)
    for action in actions("ant", 40):
        step = simulator.step(action)
    model, data = simulator.model, simulator.data
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, data.qpos[3:7])
    rotation = rotation.reshape(3, 3)
    assert model.nq == 15
    np.testing.assert_allclose(step.observation[1:4], rotation[2], atol=1e-5)
    np.testing.assert_allclose(step.observation[13:16], rotation.T @ data.qvel[:3], atol=1e-4)
    np.testing.assert_allclose(step.observation[16:19], data.qvel[3:6], atol=1e-5)


@pytest.mark.parametrize("robot", ROBOTS)
def test_each_action_drives_the_joint_of_its_name(robot: str) -> None:
    body = get_robot(robot)
    spec = body.spec
    for index, joint in enumerate(spec.action_names):
        still, pushed = Simulator(body, seed=0), Simulator(body, seed=0)
        action = np.zeros(spec.action_size)
        still.step(action)
        action[index] = 1.0
        observation = pushed.step(action).observation
        address = pushed.model.joint(joint).dofadr[0]
        assert pushed.data.qvel[address] > still.data.qvel[address] + 0.1
        field = spec.observation_names.index(f"{joint}_velocity")
        assert observation[field] == np.float32(pushed.data.qvel[address])
        angle = spec.observation_names.index(f"{joint}_angle")
        place = pushed.model.joint(joint).qposadr[0]
        assert observation[angle] == np.float32(pushed.data.qpos[place])


@pytest.mark.parametrize("robot", ROBOTS)
def test_seeds(robot: str) -> None:
    one, other = Simulator(robot, seed=7), Simulator(robot, seed=8)
    assert (one.observation != other.observation).any()
    first = one.observation
    second = one.reset()
    assert (first != second).any()
    np.testing.assert_array_equal(one.reset(seed=7), first)
    np.testing.assert_array_equal(one.reset(), second)


def test_first_speeds_are_zero_and_dtype_is_float32() -> None:
    for robot in ROBOTS:
        observation = Simulator(robot).reset(seed=0)
        assert observation.dtype == np.float32
        speed = get_robot(robot).spec.observation_names.index("forward_speed")
        assert observation[speed] == 0.0


def test_what_was_returned_does_not_change_later() -> None:
    simulator = Simulator("half-cheetah")
    observation = simulator.step(np.ones(6)).observation
    kept = observation.copy()
    simulator.step(-np.ones(6))
    simulator.reset()
    np.testing.assert_array_equal(observation, kept)


@pytest.mark.parametrize(
    "action",
    [
        np.zeros(5),
        np.zeros((1, 6)),
        0.0,
        np.full(6, np.nan),
        np.array([0, 0, 0, 0, 0, np.inf]),
        ["a"] * 6,
        None,
    ],
)
def test_bad_actions(action: Any) -> None:
    simulator = Simulator("half-cheetah")
    with pytest.raises(RobotError, match=r"action: .* allowed: ") as caught:
        simulator.step(action)
    assert "\n" not in str(caught.value)
    assert simulator.time == 0.0


def test_actions_beyond_the_limits_are_clipped() -> None:
    one, other = Simulator("ant", seed=1), Simulator("ant", seed=1)
    np.testing.assert_array_equal(
        one.step(np.full(8, 50.0)).observation, other.step(np.ones(8)).observation
    )


def test_diverged_physics_stands_still(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # MuJoCo logs its warning to the working directory
    simulator = Simulator("half-cheetah", seed=0)
    for action in actions("half-cheetah", 10):
        simulator.step(action)
    before = simulator.position
    simulator.data.qvel[0] = 1e200
    step = simulator.step(np.zeros(6))
    assert np.isfinite(step.observation).all()
    assert step.observation[17] == 0.0
    np.testing.assert_array_equal(simulator.position, before)
    assert np.isfinite(simulator.step(np.zeros(6)).observation).all()
