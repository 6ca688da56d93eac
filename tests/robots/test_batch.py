"""Many robots side by side are each what they are alone, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from robots import BatchSimulator, RobotError, Simulator, get_robot, robot_names
from robots.perturbations import KINDS

# Every kind, always on and switching, alone and together.
MIX = (
    "none",
    "crippled-joint:4@0.3s",
    "crippled-leg:LEG@0.2s-0.6s",
    "actuator-gain:3=-1@0.5s-1s",
    "actuator-gain:0.4",
    "mass:2@0.3s",
    "payload:3@0.1s-0.8s",
    "damping:3@0.2s",
    "slope:15@0.5s",
    "terrain:basin@0.3s-1s",
    "terrain:random-2",
    "pier:10@0.5s-1.2s",
    "pier:50",
    "friction:0.5@1s",
    "contacts:0.005",
    "contacts:0.01@0.3s-1s+pier:5@0.6s",
    "sensor-bias:height=0.1@0.5s-1s",
    "delay:0.1s@1s",
    "pier:3@0.5s-1s+terrain:hill@1s+mass:2@0.7s",
    "terrain:hill@0.2s-0.6s+pier:3@0.9s+slope:-10@0.6s+delay:0.05s",
)


def mix_for(robot: str) -> list[str]:
    leg = next(iter(get_robot(robot).spec.legs))
    return [text.replace("LEG", leg) for text in MIX]


def test_the_mix_has_every_kind() -> None:
    assert {part.split(":")[0] for text in MIX for part in text.split("+")} == {"none", *KINDS}


@pytest.mark.parametrize("robot", robot_names())
@pytest.mark.parametrize("threads", [1, 2])
def test_batch_equals_single_bit_for_bit(robot: str, threads: int) -> None:
    texts = mix_for(robot)
    size, steps = len(texts), 30
    batch = BatchSimulator(robot, texts, range(size), threads=threads)
    singles = [Simulator(robot, text, seed) for seed, text in enumerate(texts)]
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(batch.observation, [one.observation for one in singles])
    for _ in range(steps):
        actions = rng.uniform(-1.2, 1.2, (size, batch.robot.spec.action_size))
        step = batch.step(actions)
        alone = [one.step(action) for one, action in zip(singles, actions, strict=True)]
        np.testing.assert_array_equal(step.observation, [s.observation for s in alone])
        np.testing.assert_array_equal(step.reward, np.array([s.reward for s in alone], np.float32))
        np.testing.assert_array_equal(step.fallen, [s.fallen for s in alone])
        np.testing.assert_array_equal(step.time, [s.time for s in alone])
        np.testing.assert_array_equal(batch.position, [one.position for one in singles])


@pytest.mark.parametrize("robot", robot_names())
def test_rows_reset_alone_and_change_perturbations(robot: str) -> None:
    texts = ["none", "pier:10", "terrain:hill", "mass:2@0.1s"]
    batch = BatchSimulator(robot, texts, range(4))
    singles = [Simulator(robot, text, seed) for seed, text in enumerate(texts)]
    rng = np.random.default_rng(1)

    def run_and_compare(steps: int) -> None:
        for _ in range(steps):
            actions = rng.uniform(-1, 1, (4, batch.robot.spec.action_size))
            told = batch.step(actions).observation
            for row, single in enumerate(singles):
                np.testing.assert_array_equal(told[row], single.step(actions[row]).observation)

    run_and_compare(5)
    kept = batch.observation
    observation = batch.reset([1, 3], seeds=[8, 9], perturbations=["slope:5@0.1s", "pier:3"])
    singles[1] = Simulator(robot, "slope:5@0.1s", 8)
    singles[3] = Simulator(robot, "pier:3", 9)
    np.testing.assert_array_equal(observation[[0, 2]], kept[[0, 2]])
    assert [str(p) for p in batch.perturbations] == [
        "none",
        "slope:5@0.1s",
        "terrain:hill",
        "pier:3",
    ]
    np.testing.assert_array_equal(observation[3], singles[3].observation)
    run_and_compare(5)
    batch.reset([0])
    singles[0].reset()
    run_and_compare(3)


def test_what_was_returned_does_not_change_later() -> None:
    batch = BatchSimulator("half-cheetah", ["none"] * 3, range(3))
    told = batch.step(np.zeros((3, 6))).observation
    kept = told.copy()
    batch.reset([1])
    batch.step(np.ones((3, 6)))
    np.testing.assert_array_equal(told, kept)


def test_bad_input() -> None:
    with pytest.raises(RobotError, match="2 perturbations and 1 seeds"):
        BatchSimulator("ant", ["none", "none"], [0])
    with pytest.raises(RobotError, match="0 perturbations"):
        BatchSimulator("ant", [], [])
    batch = BatchSimulator("ant", ["none"] * 2, [0, 1])
    with pytest.raises(RobotError, match=r"shape \(8,\) is not allowed; allowed: \(2, 8\)"):
        batch.step(np.zeros(8))
    with pytest.raises(RobotError, match="not a finite number"):
        batch.step(np.full((2, 8), np.nan))
    with pytest.raises(RobotError, match="row 2 is not allowed; allowed: 0 to 1"):
        batch.reset([2])
    with pytest.raises(RobotError, match="1 seeds for 2 rows"):
        batch.reset(seeds=[1])
    with pytest.raises(RobotError, match="joint 9"):
        batch.reset([0], perturbations=["crippled-joint:9"])
    assert str(batch.perturbations[0]) == "none"
