"""The A1 walks: alone on its gait, whatever the seed, and with some things broken."""

from __future__ import annotations

import numpy as np
import pytest

from robots import BatchSimulator, get_robot

SECONDS = 10.0
A1 = get_robot("a1")
UP_Z, HEIGHT, VELOCITY_Z = (
    A1.spec.observation_names.index(name) for name in ("up_z", "height", "velocity_z")
)


def walk(texts: list[str], actions: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean speeds along x [m/s], and which fell, of robots that stay on their gait."""
    batch = BatchSimulator("a1", texts, range(len(texts)))
    fallen = np.zeros(len(texts), dtype=bool)
    still = np.zeros((len(texts), 12)) if actions is None else actions
    for _ in range(round(SECONDS / A1.spec.dt)):
        fallen |= np.asarray(batch.step(still).fallen)
    return batch.position[:, 0] / SECONDS, fallen


def test_the_gait_alone_walks_slowly_forward() -> None:
    speeds, fallen = walk(["none"] * 6)
    assert not fallen.any()
    assert (speeds > 0.18).all()
    assert (speeds < 0.32).all()


def test_it_keeps_its_trunk_level_and_at_its_height() -> None:
    batch = BatchSimulator("a1", ["none"] * 4, range(4))
    for step in range(200):
        observation = batch.step(np.zeros((4, 12))).observation
        if step > 20:
            assert (observation[:, UP_Z] > 0.99).all()
            assert (abs(observation[:, HEIGHT] - 0.27) < 0.02).all()


@pytest.mark.parametrize(
    "text",
    [
        "payload:6",
        "slope:-10",
        "friction:0.3",
        "actuator-gain:0.5",
        "crippled-joint:10",
        "mass:1.5",
    ],
)
def test_these_slow_it_but_it_stays_up(text: str) -> None:
    _, fallen = walk([text] * 2)
    assert not fallen.any()


def test_a_dead_leg_brings_down_a_robot_that_only_follows_its_gait() -> None:
    """Or there would be nothing for a controller to do."""
    _, fallen = walk(["crippled-leg:FR", "crippled-leg:RL", "crippled-joint:2"])
    assert fallen.all()


def test_fallen_and_unsafe_by_hand() -> None:
    caution = A1.spec.caution
    assert caution is not None
    states = np.zeros((5, A1.spec.observation_size), np.float32)
    states[:, HEIGHT] = [0.27, 0.17, 0.14, 0.27, 0.27]
    states[:, UP_Z] = [1.0, 1.0, 1.0, 0.8, 0.4]
    assert A1.spec.fallen(states).tolist() == [False, False, True, False, True]
    assert caution.unsafe(states).tolist() == [False, True, True, True, True]
    np.testing.assert_allclose(caution.unease(states)[[0, 3]], [0.0, 2.0], atol=1e-6)
    states[0, VELOCITY_Z] = 0.7  # a leap, by 0.2 m/s
    np.testing.assert_allclose(caution.unease(states)[0], 5 * 0.2**2, atol=1e-6)


def test_reward_by_hand() -> None:
    size = A1.spec.observation_size
    before, after = np.zeros(size), np.zeros(size)
    yaw = A1.spec.observation_names.index("yaw")
    before[yaw], after[yaw] = np.pi / 2, np.pi / 3
    after[[HEIGHT, UP_Z]] = 0.27, 1.0
    after[A1.spec.observation_names.index("forward_speed")] = 0.3
    after[A1.spec.observation_names.index("lateral_speed")] = -0.4  # heading along y: this is x
    action = np.full(12, 0.1)
    expected = 0.4 - 0.5 * 0.5 + 0.05 - 0.1 * 0.12
    assert A1.spec.reward(before, action, after) == pytest.approx(expected)
