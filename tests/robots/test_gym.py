"""The robots as Gymnasium environments."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from robots import RobotError, Simulator, register, robot_names
from robots.gym import RobotEnv, environment_id

ROBOTS = robot_names()


@pytest.fixture(autouse=True)
def _registered() -> None:
    register()


def test_registering_twice_is_harmless() -> None:
    register()
    assert environment_id("half-cheetah") == "adaptive-control/HalfCheetah-v0"
    assert environment_id("ant") == "adaptive-control/Ant-v0"
    assert {environment_id(robot) for robot in ROBOTS} <= set(gymnasium.registry)


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("perturbation", ["none", "pier:10@0.1s+delay:0.1s"])
def test_check_env_has_nothing_to_say(robot: str, perturbation: str) -> None:
    env = gymnasium.make(environment_id(robot), perturbation=perturbation)
    check_env(env.unwrapped, skip_render_check=True)  # warnings are errors here
    env.close()


def test_it_is_the_simulator() -> None:
    env = gymnasium.make(environment_id("ant"), perturbation="mass:2@0.1s")
    simulator = Simulator("ant", "mass:2@0.1s")
    observation, _ = env.reset(seed=5)
    np.testing.assert_array_equal(observation, simulator.reset(seed=5))
    for action in np.random.default_rng(0).uniform(-1, 1, (8, 8)).astype(np.float32):
        observation, reward, terminated, truncated, info = env.step(action)
        step = simulator.step(action)
        np.testing.assert_array_equal(observation, step.observation)
        assert (reward, terminated, truncated) == (step.reward, step.fallen, False)
        assert info["time"] == step.time
        if terminated:
            break
    env.close()


def test_episodes_end() -> None:
    env = gymnasium.make(environment_id("half-cheetah"))
    env.reset(seed=0)
    for step in range(1000):
        truncated = env.step(np.zeros(6, np.float32))[3]
        assert truncated == (step == 999)
    env.close()


def test_bad_arguments() -> None:
    with pytest.raises(RobotError, match="joint 9"):
        gymnasium.make(environment_id("ant"), perturbation="crippled-joint:9")
    with pytest.raises(RobotError, match="render_mode: 'human' is not allowed"):
        RobotEnv("ant", render_mode="human")
