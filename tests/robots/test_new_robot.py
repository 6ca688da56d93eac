"""The robot of docs/robots.md, from the page: one file, one for its reward, one line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from robots import BatchSimulator, RolloutScorer, Simulator, get_robot, registry
from robots.gym import RobotEnv, environment_id, register

PAGE = Path(__file__).parents[2] / "docs" / "robots.md"


@pytest.fixture(autouse=True)
def _walker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    for name, block in zip(
        ("robots.walker_reward", "robots.walker"), reversed(blocks), strict=True
    ):
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(block, name, "exec"), module.__dict__)
    line = re.search(r'```\n    "(walker)": "(robots\.walker)",\n```', text)
    assert line is not None
    monkeypatch.setitem(registry._ROBOTS, *line.groups())
    get_robot.cache_clear()  # also of other robots: they are made once
    yield
    get_robot.cache_clear()
    gymnasium.registry.pop("adaptive-control/Walker-v0", None)


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


def test_it_is_a_gymnasium_environment() -> None:
    register()
    env = gymnasium.make(environment_id("walker"))
    assert isinstance(env.unwrapped, RobotEnv)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


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
