"""The oracle's scorer says exactly what the simulator would pay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robots import RobotError, RolloutScorer, Simulator, get_robot, robot_names

KINDS = (
    "none",
    "crippled-leg:LEG+mass:2",
    "actuator-gain:0=-1",
    "slope:10@0.3s",
    "pier:10@0.2s",
    "contacts:0.004@0.2s",
    "terrain:random-3",
    "sensor-bias:height=1+delay:0.1s",
)


@pytest.mark.parametrize("robot", robot_names())
@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_what_stepping_earns(robot: str, kind: str) -> None:
    spec = get_robot(robot).spec
    simulator = Simulator(robot, kind.replace("LEG", next(iter(spec.legs))), seed=1)
    rng = np.random.default_rng(0)
    scorer = RolloutScorer(simulator, threads=2)
    for chosen in (0, 3):
        for _ in range(7):
            simulator.step(rng.uniform(-1, 1, spec.action_size))
        candidates = rng.uniform(-1.3, 1.3, (4, 10, spec.action_size))
        rewards, returns = scorer.rewards(candidates), scorer.score(candidates)
        earned = [simulator.step(action).reward for action in candidates[chosen]]
        np.testing.assert_array_equal(rewards[chosen], np.array(earned, np.float32))
        assert returns[chosen] == np.sum(np.array(earned, np.float64))
    scorer.close()


def test_scoring_leaves_the_simulator_alone() -> None:
    simulator, untouched = (Simulator("ant", "pier:5", seed=2) for _ in range(2))
    scorer = RolloutScorer(simulator)
    rng = np.random.default_rng(0)
    for _ in range(5):
        scorer.score(rng.uniform(-1, 1, (3, 5, 8)))
        action = rng.uniform(-1, 1, 8)
        np.testing.assert_array_equal(
            simulator.step(action).observation, untouched.step(action).observation
        )


def test_switch_ahead_is_not_foreseen() -> None:
    simulator = Simulator("half-cheetah", "mass:3@0.2s", seed=0)
    unperturbed = Simulator("half-cheetah", seed=0)
    actions = np.random.default_rng(0).uniform(-1, 1, (2, 20, 6))
    np.testing.assert_array_equal(
        RolloutScorer(simulator).score(actions), RolloutScorer(unperturbed).score(actions)
    )


@pytest.mark.parametrize("steps", [0, 5])
def test_divergence_is_worth_nothing(
    steps: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # MuJoCo logs its warning to the working directory
    simulator = Simulator("half-cheetah", seed=0)
    for _ in range(steps):
        simulator.step(np.zeros(6))
    scorer, actions = RolloutScorer(simulator), np.zeros((2, 4, 6))
    assert np.isfinite(scorer.score(actions)).all()
    simulator.data.qvel[0] = 1e200
    assert (scorer.score(actions) == -np.inf).all()


@pytest.mark.parametrize(
    "actions",
    [
        np.zeros((3, 6)),
        np.zeros((3, 5, 5)),
        np.zeros((0, 5, 6)),
        np.zeros((3, 0, 6)),
        np.full((2, 2, 6), np.nan),
    ],
)
def test_bad_actions(actions: np.ndarray) -> None:
    with pytest.raises(RobotError, match="action"):
        RolloutScorer(Simulator("half-cheetah")).score(actions)
