"""The gait: what it asks of the joints, and what of it is observed."""

from __future__ import annotations

import itertools
from typing import Any

import mujoco
import numpy as np
import pytest

from robots import BatchSimulator, RolloutScorer, Simulator, get_robot
from robots.a1 import constants
from robots.a1.gait import trot
from robots.gait import Gait
from robots.plant import compiled

A1 = get_robot("a1")
STEPS = constants.GAIT_STEPS
ZERO = np.zeros(12)


def feet(targets: np.ndarray) -> dict[str, np.ndarray]:
    """Each foot relative to its hip in each control step of the cycle [n, 3] [m]."""
    model: Any = compiled(A1, ())
    data: Any = mujoco.MjData(model)
    places: dict[str, list[np.ndarray]] = {leg: [] for leg in constants.LEGS}
    for row in targets:
        data.qpos[:] = (0, 0, 0, 1, 0, 0, 0, *row)
        mujoco.mj_kinematics(model, data)
        for leg, found in places.items():
            found.append(data.geom(f"{leg}_foot").xpos - data.body(f"{leg}_thigh").xpos)
    return {leg: np.array(found) for leg, found in places.items()}


def test_feet_go_where_the_gait_says() -> None:
    places = feet(trot())
    for foot in places.values():
        forward, lateral, up = foot.T
        assert np.ptp(forward) == pytest.approx(constants.STRIDE, rel=0.1)
        np.testing.assert_allclose(lateral, 0.0, atol=1e-12)
        on_ground = np.isclose(up, -constants.HIP_HEIGHT)
        assert on_ground.sum() == 5  # of 8: 60 %
        assert up.max() > -constants.HIP_HEIGHT + 0.6 * constants.LIFT
        assert up.max() < -constants.HIP_HEIGHT + 1.001 * constants.LIFT
        # Backwards while it carries, at an even speed.
        carried = np.diff(np.roll(forward, -int(np.argmax(forward)))[:5])
        np.testing.assert_allclose(carried, carried[0])
        assert carried[0] < 0


def test_diagonal_legs_move_together_and_sides_are_mirrored() -> None:
    targets = trot()
    legs = {leg: targets[:, list(joints)] for leg, joints in constants.LEGS.items()}
    np.testing.assert_array_equal(legs["FR"], legs["RL"])
    np.testing.assert_array_equal(legs["FL"], legs["RR"])
    np.testing.assert_allclose(legs["FR"], np.roll(legs["FL"], STEPS // 2, axis=0))


def test_no_target_is_beyond_a_joint() -> None:
    model: Any = compiled(A1, ())
    for index, joint in enumerate(A1.joints):
        low, high = model.joint(joint).range
        reach = trot()[:, index]
        limit = float(A1.spec.action_high[index])
        assert low < reach.min() - limit
        assert reach.max() + limit < high


def test_phase_is_observed_and_turns_evenly() -> None:
    simulator = Simulator("a1", seed=0)
    told = [simulator.observation[-2:]]
    assert A1.spec.observation_names[-2:] == Gait.fields
    for _ in range(3 * STEPS):
        told.append(simulator.step(ZERO).observation[-2:])
    np.testing.assert_array_equal(told[0], [0.0, 1.0])
    np.testing.assert_array_equal(told[STEPS], told[0])
    turn = 2 * np.pi / STEPS
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    for now, then in itertools.pairwise(told):
        np.testing.assert_allclose(then, rotation @ now, atol=1e-6)


def test_robots_of_a_batch_are_each_in_their_own_phase() -> None:
    batch = BatchSimulator("a1", ["none"] * 3, range(3), threads=1)
    for _ in range(3):
        batch.step(np.zeros((3, 12)))
    observation = batch.reset([1])
    np.testing.assert_allclose(observation[1, -2:], [0.0, 1.0])
    np.testing.assert_array_equal(observation[0, -2:], observation[2, -2:])
    single = Simulator("a1", seed=1)
    single.reset()
    for _ in range(4):
        told = batch.step(np.zeros((3, 12))).observation
        np.testing.assert_array_equal(told[1], single.step(ZERO).observation)


def test_switching_the_plant_does_not_disturb_the_phase() -> None:
    one, other = Simulator("a1", seed=0), Simulator("a1", "payload:2@0.1s-0.3s", seed=0)
    for _ in range(10):
        first, second = one.step(ZERO).observation, other.step(ZERO).observation
        np.testing.assert_array_equal(first[-2:], second[-2:])


def test_the_oracle_plans_with_the_gait_in_phase() -> None:
    simulator = Simulator("a1", seed=3)
    for _ in range(STEPS + 3):
        simulator.step(ZERO)
    scorer = RolloutScorer(simulator, threads=1)
    rewards = scorer.rewards(np.zeros((1, STEPS, 12)))[0]
    scorer.close()
    earned = [simulator.step(ZERO).reward for _ in range(STEPS)]
    np.testing.assert_array_equal(rewards, np.array(earned, np.float32))
