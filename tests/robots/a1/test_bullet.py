"""The A1 in PyBullet: the same robot on the same gait, on other contacts."""

from __future__ import annotations

import numpy as np
import pytest

from robots import Simulator

pytest.importorskip("pybullet")

from robots.bullet import BulletSimulator

ZERO = np.zeros(12)


def test_the_gait_walks_there_too() -> None:
    mujoco, bullet = Simulator("a1", seed=0), BulletSimulator("a1", seed=0)
    np.testing.assert_allclose(bullet.observation, mujoco.observation, atol=1e-5)
    for _ in range(60):
        one, other = mujoco.step(ZERO), bullet.step(ZERO)
        assert not other.fallen
        np.testing.assert_array_equal(one.observation[-2:], other.observation[-2:])
        assert other.observation[3] > 0.98  # level
    assert 0.1 < bullet.position[0] < mujoco.position[0]


def test_a_slack_leg_is_slack_there_too() -> None:
    simulator = BulletSimulator("a1", "crippled-leg:FR@0.5s", seed=0)
    fallen = [simulator.step(ZERO).fallen for _ in range(40)]
    assert not any(fallen[:10])
    assert any(fallen[10:])
