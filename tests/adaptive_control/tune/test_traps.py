"""Every warning, where it belongs and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from adaptive_control.tune.foresight import Foresight
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.traps import response_steps, traps
from controllers import format_planner, make_planner
from robots import get_robot
from tests.adaptive_control.tune.conftest import SPACE, TABLE

SIGHT = Foresight((1.0,) * 30, (0.5,) * 30, 1.0)


def warned(sees: int = 30, window: int = 16, limit_ms: float = 40.0, **changes: Any) -> list[str]:
    kind = changes.pop("kind", "cem")
    planner = make_planner(kind, **{"candidates": 256, "horizon": 15, **changes})
    sight = Foresight(SIGHT.before, (0.5,) * sees + (2.0,) * (30 - sees), 1.0)
    setting = Setting(format_planner(planner), window)
    return [w.partition(":")[0] for w in traps(setting, TABLE, limit_ms, 8, sight, SPACE)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"std": 0.3, "std_min": 0.01}, ["noise"]),
        ({"std": 0.3, "kind": "mppi"}, ["noise"]),
        ({"kind": "random-shooting", "iterations": 1}, []),
        ({"horizon": 7}, ["horizon"]),
        ({"horizon": 7, "terminal": 1.0}, []),
        ({"horizon": 8}, []),
        ({"horizon": 25, "sees": 20}, ["horizon"]),
        ({"horizon": 20, "sees": 20}, []),
        ({"iterations": 4, "limit_ms": 12.0}, ["iterations"]),
        ({"horizon": 40, "candidates": 64, "elites": 9}, ["horizon", "edge"]),
        ({"momentum": 0.5}, ["edge"]),
        ({"window": 20}, ["window"]),
    ],
)
def test_warnings(changes: dict[str, Any], expected: list[str]) -> None:
    assert warned(**changes) == expected


def test_what_is_not_known_is_not_warned_of() -> None:
    planner = make_planner("cem", candidates=256, horizon=40, iterations=1)
    setting = Setting(format_planner(planner), 16)
    assert traps(setting, TABLE, 40.0, 8, None, None) == []
    assert traps(setting, TABLE, 40.0, 8, Foresight((), (), float("nan")), None) == []


@pytest.mark.parametrize("name", ["half-cheetah", "ant"])
def test_a_robot_takes_its_time_to_respond(name: str) -> None:
    robot = get_robot(name)
    steps = response_steps(robot)
    assert 2 <= steps < round(1.0 / robot.spec.dt)
    assert steps == response_steps(robot)
