"""What a robot says of itself: fields, limits, reward, the robot registry."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robots import RobotError, Simulator, get_robot, robot_names
from robots.ant import reward as ant_reward
from robots.half_cheetah import reward as cheetah_reward

ROBOTS = robot_names()


def sample(robot: str, *lead: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    spec = get_robot(robot).spec
    rng = np.random.default_rng(0)
    normal = lambda size: rng.standard_normal((*lead, size)).astype(np.float32)  # noqa: E731
    s, a = spec.observation_size, spec.action_size
    return normal(s), normal(a), normal(s)


def test_names_and_sizes() -> None:
    assert ROBOTS == ("half-cheetah", "ant", "a1")
    cheetah, ant, a1 = (get_robot(name).spec for name in ROBOTS)
    assert (cheetah.observation_size, cheetah.action_size) == (18, 6)
    assert (ant.observation_size, ant.action_size) == (29, 8)
    assert (a1.observation_size, a1.action_size) == (39, 12)
    assert get_robot("ant") is get_robot("ant")


def test_unknown_robot_lists_the_known_ones() -> None:
    with pytest.raises(RobotError, match="'dog' is unknown; allowed: half-cheetah, ant"):
        get_robot("dog")


@pytest.mark.parametrize("robot", ROBOTS)
def test_fields_are_named_once_with_si_units(robot: str) -> None:
    spec = get_robot(robot).spec
    assert len(set(spec.observation_names)) == spec.observation_size
    assert {field.unit for field in spec.observation} <= {"m", "rad", "m/s", "rad/s", "1"}
    if get_robot(robot).gait:
        assert {field.unit for field in spec.action} == {"rad"}  # of joint targets
    else:
        assert {field.unit for field in spec.action} == {"1"}
        limit = {"half-cheetah": 1.0, "ant": 0.3}[robot]  # a share of the motor's torque
        expected = np.full(spec.action_size, limit, np.float32)
        np.testing.assert_array_equal(spec.action_high, expected)
    np.testing.assert_array_equal(spec.action_low, -spec.action_high)
    assert sorted(i for leg in spec.legs.values() for i in leg) == list(range(spec.action_size))


@pytest.mark.parametrize("robot", ROBOTS)
def test_absolute_position_is_not_observed(robot: str) -> None:
    """A robot that was carried elsewhere sees the same."""
    body = get_robot(robot)
    simulator = Simulator(body, seed=1)
    qpos, qvel = simulator.data.qpos[None].copy(), simulator.data.qvel[None].copy()
    here = body.observe(qpos, qvel, qpos, np.zeros(1))
    moved = qpos.copy()
    moved[:, 0] += 64.0
    np.testing.assert_array_equal(body.observe(moved, qvel, moved, np.zeros(1)), here)


def test_hidden_fields() -> None:
    hidden = {
        name: [f.name for f in get_robot(name).spec.observation if f.encoding == "hidden"]
        for name in ROBOTS
    }
    assert hidden == {
        "half-cheetah": ["forward_speed"],
        "ant": ["yaw", "forward_speed", "lateral_speed"],
        "a1": ["yaw", "forward_speed", "lateral_speed"],
    }
    values = [f.name for f in get_robot("ant").spec.observation if f.target == "value"]
    assert values == ["forward_speed", "lateral_speed"]
    assert [f.name for f in get_robot("ant").spec.observation if f.wraps] == ["yaw"]


def test_reward_indices_point_at_their_fields() -> None:
    assert get_robot("half-cheetah").spec.observation_names[cheetah_reward.FORWARD_SPEED] == (
        "forward_speed"
    )
    names = get_robot("ant").spec.observation_names
    for index, name in (
        (ant_reward.HEIGHT, "height"),
        (ant_reward.UP_Z, "up_z"),
        (ant_reward.YAW, "yaw"),
        (ant_reward.FORWARD_SPEED, "forward_speed"),
        (ant_reward.LATERAL_SPEED, "lateral_speed"),
    ):
        assert names[index] == name


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("lead", [(), (5,), (3, 4, 2)])
def test_reward_is_the_same_for_numpy_and_torch(robot: str, lead: tuple[int, ...]) -> None:
    spec = get_robot(robot).spec
    arrays = sample(robot, *lead)
    expected = spec.reward(*arrays)
    tensors = [torch.from_numpy(np.asarray(array)) for array in arrays]
    reward = spec.reward(*tensors)
    assert isinstance(reward, torch.Tensor)
    assert reward.dtype == torch.float32
    assert tuple(reward.shape) == lead
    np.testing.assert_allclose(reward.numpy(), expected, rtol=1e-5, atol=1e-6)
    fallen = spec.fallen(tensors[0])
    assert fallen.dtype == torch.bool
    np.testing.assert_array_equal(fallen.numpy(), spec.fallen(arrays[0]))


def test_cheetah_reward_by_hand() -> None:
    observation, action = np.zeros(18), np.array([1.0, -1.0, 0.5, 0.0, 0.0, 0.0])
    after = np.zeros(18)
    after[17] = 3.0
    assert get_robot("half-cheetah").spec.reward(observation, action, after) == pytest.approx(
        3.0 - 0.05 * 2.25
    )


def test_ant_falls_when_low_high_or_tilted() -> None:
    fallen = get_robot("ant").spec.fallen
    states = np.zeros((6, 29))
    states[:, 0] = [0.5, 0.15, 0.5, 0.5, 1.1, 0.5]
    states[:, 3] = [1.0, 1.0, 0.4, -1.0, 1.0, 0.6]
    assert fallen(states).tolist() == [False, True, True, True, True, False]
    assert not get_robot("half-cheetah").spec.fallen(np.zeros((3, 18))).any()


def test_planners_are_warned_before_the_ant_has_fallen() -> None:
    spec = get_robot("ant").spec
    assert spec.caution is not None
    states = np.zeros((5, 29), np.float32)
    states[:, 0] = [0.5, 0.5, 0.95, 0.1, 0.5]
    states[:, 3] = [1.0, 0.7, 1.0, 1.0, 1.0]
    states[:, 15] = [0.8, -3.0, 0.0, 0.0, 1.8]  # upwards: from 0.8 m/s on it is a leap
    assert spec.caution.unsafe(states).tolist() == [False, True, True, True, False]
    assert spec.fallen(states).tolist() == [False, False, False, True, False]
    np.testing.assert_allclose(spec.caution.unease(states), [0.0, 6.0, 0.0, 0.0, 3.0], atol=1e-5)
    assert spec.observation_names[15] == "velocity_z"
    tensor = torch.from_numpy(states)
    assert torch.equal(spec.caution.unsafe(tensor), torch.from_numpy(spec.caution.unsafe(states)))


def test_planners_are_warned_before_the_cheetah_rolls_over() -> None:
    caution = get_robot("half-cheetah").spec.caution
    assert caution is not None
    states = np.zeros((4, 18), np.float32)
    states[:, 1] = [0.0, 1.0, 1.4, 2 * np.pi]
    assert caution.unsafe(states).tolist() == [False, False, True, False]
    np.testing.assert_allclose(caution.unease(states), 2 * (1 - np.cos(states[:, 1])), atol=1e-6)
    tensor = torch.from_numpy(states)
    assert torch.equal(caution.unsafe(tensor), torch.from_numpy(caution.unsafe(states)))
