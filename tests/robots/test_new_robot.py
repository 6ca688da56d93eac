"""The package of docs/robots.md, as it stands on the page: a robot, its reward, its suites."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from adaptive_control.cli.main import main
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.suites import installed, suites_of
from adaptive_control.training import TrainConfig, train
from robots import BatchSimulator, RobotError, RolloutScorer, Simulator, get_robot, robot_names
from robots.gym import RobotEnv, environment_id, register
from tests.installed import Install, unload, write_package

PAGE = Path(__file__).parents[2] / "docs" / "robots.md"


@pytest.fixture
def walker(install: Install, tmp_path: Path) -> Iterator[None]:
    """The package of the page, installed."""
    assert write_package(PAGE, tmp_path, install, "my_robots") == 3
    yield
    unload("my_robots")
    gymnasium.registry.pop("adaptive-control/Walker-v0", None)


uses_walker = pytest.mark.usefixtures("walker")


@uses_walker
def test_it_is_simulated_alone_and_in_batches() -> None:
    texts = ["none", "crippled-leg:left@0.2s", "mass:1.3+terrain:hill", "pier:10@0.2s"]
    batch = BatchSimulator("walker", texts, range(4), threads=1)
    singles = [Simulator("walker", text, seed) for seed, text in enumerate(texts)]
    rng = np.random.default_rng(0)
    for _ in range(12):
        actions = rng.uniform(-1, 1, (4, 6))
        step = batch.step(actions)
        alone = [one.step(action) for one, action in zip(singles, actions, strict=True)]
        np.testing.assert_array_equal(step.observation, [s.observation for s in alone])
        np.testing.assert_array_equal(step.reward, np.array([s.reward for s in alone], np.float32))


@uses_walker
def test_it_is_a_gymnasium_environment() -> None:
    register()
    env = gymnasium.make(environment_id("walker"))
    assert isinstance(env.unwrapped, RobotEnv)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


@uses_walker
def test_its_reward_runs_on_tensors_and_the_oracle_agrees() -> None:
    simulator = Simulator("walker", seed=1)
    spec = simulator.robot.spec
    plan = np.random.default_rng(1).uniform(-1, 1, (1, 6, 6))
    scorer = RolloutScorer(simulator, threads=1)
    promised = scorer.rewards(plan)[0]
    scorer.close()
    for action, reward in zip(plan[0], promised, strict=True):
        before = simulator.observation
        step = simulator.step(action)
        assert step.reward == reward
        rows = (before, simulator.clip(action), step.observation)
        tensors = [torch.from_numpy(row) for row in rows]
        assert float(spec.reward(*tensors)) == pytest.approx(step.reward, rel=1e-5)


@uses_walker
def test_the_page_asks_the_true_simulator(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (asks,) = [block for block in blocks if "OracleAgent" in block]
    exec(asks.replace("candidates=100", "candidates=20,elites=4").replace("range(50)", "range(3)"))
    assert re.fullmatch(r"\d falls, -?\d\.\d\d m in 1\.5 s\n", capsys.readouterr().out)


@uses_walker
def test_commands_know_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["robots"]) == 0
    assert "walker" in capsys.readouterr().out
    assert main(["suites", "crippled-joint/walker"]) == 0
    assert "crippled-leg:left" in capsys.readouterr().out
    assert [suite.name for suite in suites_of("walker")] == ["crippled-joint", "motors"]


@uses_walker
def test_a_model_of_it_is_trained_under_its_suites(tmp_path: Path) -> None:
    out = tmp_path / "run"
    path = train(
        TrainConfig(
            robot="walker", model="mb", out=out, rounds=1, robots=24, episode_steps=60,
            random_batches=2, updates=2, final_updates=2, validate_every=1, hidden=(8,),
            planner="cem:candidates=8,elites=2,horizon=3,iterations=1",
        )
    )  # fmt: skip
    assert path.is_file()


def test_a_robot_of_the_same_name_is_refused(install: Install) -> None:
    install("other", {"adaptive_control.robots": {"ant": "json:loads"}})
    with pytest.raises(RobotError, match="robot 'ant' of json:loads is there already, as robots"):
        robot_names()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_module:ROBOT", "cannot load no_such_module:ROBOT: No module named"),
        ("json:ROBOT", "cannot load json:ROBOT: module 'json' has no attribute 'ROBOT'"),
        ("json:loads", "json:loads is a function; allowed: a Robot"),
        ("robots.ant:ROBOT", "robots.ant:ROBOT calls itself 'ant'"),
    ],
)
def test_what_is_no_robot_is_refused_when_it_is_asked_for(
    install: Install, value: str, message: str
) -> None:
    install("other", {"adaptive_control.robots": {"dog": value}})
    assert "dog" in robot_names()
    assert get_robot("ant").spec.name == "ant"
    with pytest.raises(RobotError, match=re.escape(f"robot 'dog': {message}")):
        get_robot("dog")


@pytest.mark.parametrize(
    ("suites", "message"),
    [
        ("SUITES = 3", "other_suites:SUITES is no sequence of Suite"),
        ("SUITES = [3]", "other_suites:SUITES is no sequence of Suite"),
        ("", "cannot load other_suites:SUITES"),
        (
            "SUITES = [Suite('pier', 'half-cheetah', SlackJoints(1), (), '')]",
            "suite pier/half-cheetah of other_suites:SUITES is there already",
        ),
        (
            "SUITES = [Suite('new', 'ant', SlackJoints(4), ('crippled-joint:2',), '')]",
            "suite new/ant: with other_suites:SUITES test=crippled-joint:2 lies in a train side",
        ),
        (  # what one suite trains on may not be what another of the robot tests
            "SUITES = [Suite('new', 'half-cheetah', SlackJoints(6), (), '')]",
            "suite crippled-joint/half-cheetah: with other_suites:SUITES test=crippled-joint:4",
        ),
        (
            "SUITES = [Suite('new', 'ant', SlackJoints(4), ('crippled-joint:9',), '')]",
            "suite new of other_suites:SUITES: crippled-joint",
        ),
    ],
)
def test_suites_that_cannot_be_used_are_refused(
    install: Install, tmp_path: Path, suites: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other_suites.py").write_text(
        "from adaptive_control.suites import Suite\n"
        "from adaptive_control.suites.train_side import SlackJoints\n" + suites
    )
    monkeypatch.delitem(sys.modules, "other_suites", raising=False)
    install("other", {"adaptive_control.suites": {"other": "other_suites:SUITES"}})
    with pytest.raises(AdaptiveControlError, match=re.escape(message)):
        installed.all_suites()
