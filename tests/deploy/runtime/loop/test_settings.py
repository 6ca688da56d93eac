"""Settings and limits that no run could use, and the order of modes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deploy.errors import DeployError
from deploy.robot.config import SimulateConfig
from deploy.runtime.loop.config import RunConfig
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import limits


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seconds": -1.0}, "seconds: -1.0 is not allowed"),
        ({"seconds": float("nan")}, "seconds: nan"),
        ({"priority": 100}, "priority: 100"),
        ({"lead": 2}, "lead: 2 is not allowed; allowed: 0 or 1"),
        ({"latency": 1}, "latency: 1 is not allowed; allowed: 0 without --deterministic"),
        ({"arm": True, "readonly": True}, "arm: with --readonly"),
        ({"iterations": -1}, "iterations: -1"),
        ({"seed": -1}, "seed: -1"),
    ],
)
def test_configurations_that_no_run_could_use(values: dict, words: str) -> None:
    with pytest.raises(DeployError, match=words):
        RunConfig(**values)


@pytest.mark.parametrize(
    ("seconds", "ticks"), [(0.0, None), (0.02, 1), (0.001, 1), (0.05, 1), (0.13, 3), (1.0, 20)]
)
@pytest.mark.parametrize("config", [RunConfig, SimulateConfig])
def test_only_nought_seconds_have_no_end(config: Any, seconds: float, ticks: int | None) -> None:
    assert config(seconds=seconds).ticks(0.05) == ticks


def test_limits_refuse_what_would_let_something_out() -> None:
    with pytest.raises(DeployError, match="safe action"):
        limits(safe_action=np.array([2.0, 0.0], np.float32))
    with pytest.raises(DeployError, match="action limits"):
        limits(action_high=np.array([np.inf, 1.0], np.float32))


def test_modes_have_an_order() -> None:
    assert sorted(Mode, key=lambda mode: mode.rank) == list(Mode)
