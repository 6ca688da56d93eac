"""Biased and late sensors mislead the controller; plant and reward are not touched."""

from __future__ import annotations

import numpy as np
import pytest

from robots import BatchSimulator, Simulator


def run(robot: str, perturbation: str, steps: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Observations [steps + 1, S] and rewards [steps]."""
    simulator = Simulator(robot, perturbation, seed=3)
    rng = np.random.default_rng(0)
    observations, rewards = [simulator.observation], []
    for _ in range(steps):
        step = simulator.step(rng.uniform(-1, 1, simulator.robot.spec.action_size))
        observations.append(step.observation)
        rewards.append(step.reward)
    return np.array(observations), np.array(rewards)


def test_bias_is_added_while_it_lasts() -> None:
    truth, rewards = run("half-cheetah", "none")
    biased, same = run("half-cheetah", "sensor-bias:pitch=0.1@0.5s-1s+sensor-bias:height=-2")
    np.testing.assert_array_equal(same, rewards)
    expected = truth.copy()
    expected[10:20, 1] += np.float32(0.1)
    expected[:, 0] -= np.float32(2.0)
    np.testing.assert_allclose(biased, expected, atol=1e-6)


def test_delay_tells_what_was_true_then() -> None:
    truth, rewards = run("ant", "none")
    late, same = run("ant", "delay:0.15s")
    np.testing.assert_array_equal(same, rewards)
    np.testing.assert_array_equal(late[3:], truth[:-3])
    np.testing.assert_array_equal(late[:3], truth[[0, 0, 0]])


def test_delay_switches_on_and_off_and_adds_up() -> None:
    truth, _ = run("ant", "none")
    late, _ = run("ant", "delay:0.1s@0.5s-1s+delay:0.05s@0.75s")
    ages = np.zeros(31, dtype=int)
    ages[10:15] = 2
    ages[15:20] = 3
    ages[20:] = 1
    np.testing.assert_array_equal(late, truth[np.arange(31) - ages])


def test_longest_delay() -> None:
    truth, _ = run("half-cheetah", "none", 30)
    late, _ = run("half-cheetah", "delay:1s", 30)
    np.testing.assert_array_equal(late[20:], truth[:-20])


def test_biased_heading_stays_an_angle() -> None:
    truth, _ = run("ant", "none")
    biased, _ = run("ant", "sensor-bias:yaw=3")
    assert np.abs(biased[:, 4]).max() <= np.pi + 1e-5
    turned = (biased[:, 4] - truth[:, 4] - 3 + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(turned, 0.0, atol=1e-5)


@pytest.mark.parametrize("perturbation", ["sensor-bias:yaw=1", "delay:0.2s"])
def test_neighbours_in_a_batch_are_told_the_truth(perturbation: str) -> None:
    batch = BatchSimulator("ant", ["none", perturbation], [0, 0])
    alone = Simulator("ant", seed=0)
    for action in np.random.default_rng(0).uniform(-1, 1, (5, 8)):
        told = batch.step(np.stack([action, action])).observation
        np.testing.assert_array_equal(told[0], alone.step(action).observation)
        assert (told[0] != told[1]).any()
