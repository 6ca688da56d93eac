"""The robots that RL2 learns on, and a policy that learns on them."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from robots import get_robot

pytest.importorskip("sb3_contrib")


@pytest.fixture
def model_free(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "model_free.py"
    spec = importlib.util.spec_from_file_location("benchmarks_model_free", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SECONDS", 1.0)
    monkeypatch.setattr(module, "ONSET", 0.5)
    monkeypatch.setattr(module, "_ROBOTS", 4)
    return module


def test_it_is_told_what_it_did_and_what_that_earned(model_free: ModuleType):
    robot = get_robot("half-cheetah")
    trials = model_free.Trials(robot, 3, seed=0)
    seen = trials.reset()
    size = robot.spec.observation_size
    assert seen.shape == (3, size + robot.spec.action_size + 1)
    assert not seen[:, size:].any()
    actions = np.random.default_rng(0).uniform(-1, 1, (3, robot.spec.action_size))
    trials.step_async(actions)
    seen, rewards, over, _ = trials.step_wait()
    assert seen[:, size:-1] == pytest.approx(actions.astype(np.float32))
    assert seen[:, -1] == pytest.approx(rewards)
    assert not over.any()


def test_an_episode_ends_with_its_time_and_another_begins(model_free: ModuleType):
    robot = get_robot("half-cheetah")
    trials = model_free.Trials(robot, 2, seed=0)
    trials.reset()
    idle = np.zeros((2, robot.spec.action_size))
    steps = round(model_free.SECONDS / robot.spec.dt)
    for step in range(steps):
        trials.step_async(idle)
        seen, rewards, over, infos = trials.step_wait()
        assert over.all() == (step == steps - 1)
    assert not seen[:, robot.spec.observation_size :].any()  # the first of the next episode
    for info, reward in zip(infos, rewards, strict=True):
        assert info["TimeLimit.truncated"]
        assert info["terminal_observation"][-1] == pytest.approx(reward)


def test_half_of_the_robots_are_whole_and_half_of_the_faults_strike_later(model_free: ModuleType):
    trials = model_free.Trials(get_robot("half-cheetah"), 2, seed=0)
    draws = [trials._draw() for _ in range(400)]
    broken = [draw for draw in draws if draw != "none"]
    assert 100 < len(broken) < 200  # the train sides draw whole robots too
    later = [draw for draw in broken if "@" in draw]
    assert 0.35 < len(later) / len(broken) < 0.65


@pytest.mark.slow
def test_it_trains_and_measures(
    model_free: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    told = ["model_free.py", "ant", "--transitions", "800", "--seeds", "2", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", told)
    model_free.main()
    rows = json.loads((out / "results.json").read_text())
    assert rows[-1]["transitions"] == 800
    assert rows[0]["speed"] != rows[-1]["speed"]
    assert "actuator-gain:6=-1" in rows[-1]["speed"]
