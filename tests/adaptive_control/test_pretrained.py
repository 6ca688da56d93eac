"""What ships: a model for each robot and method that docs name, and a planner for each robot."""

from __future__ import annotations

from pathlib import Path

import pytest

import adaptive_control.pretrained as shipped
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.pretrained import planner_for, pretrained_names, pretrained_path
from adaptive_control.training import load_model
from controllers import PlannerError, make_planner, save_planner
from robots import robot_names


@pytest.mark.parametrize("robot", robot_names())
def test_a_planner_that_ships_can_be_read(robot: str) -> None:
    planner = planner_for(robot)
    assert planner.candidates >= 16
    assert f"{robot}-combined" in pretrained_names()


@pytest.mark.parametrize("name", pretrained_names())
def test_a_model_that_ships_has_what_its_robots_planner_asks_for(name: str) -> None:
    robot, _, method = name.rpartition("-")
    value = load_model(pretrained_path(robot, method)).value
    assert value is not None or planner_for(robot).terminal == 0


def test_a_robot_of_ones_own_gets_the_plain_planner() -> None:
    assert planner_for("walker") == make_planner("cem")


def test_what_is_asked_for_comes_first(tmp_path: Path) -> None:
    asked = make_planner("mppi", candidates=40)
    save_planner(tmp_path / "planner.toml", asked)
    assert planner_for("ant", str(tmp_path / "planner.toml")) == asked
    assert planner_for("ant", "mppi:candidates=40") == asked
    with pytest.raises(PlannerError, match="planner: 'nom' is not allowed"):
        planner_for("ant", "nom")


def test_a_tuned_planner_is_found_by_the_name_of_its_robot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
    tuned = make_planner("icem", candidates=50)
    save_planner(tmp_path / "walker.toml", tuned)
    assert planner_for("walker") == tuned
    assert planner_for("ant") == make_planner("cem")


def test_a_model_that_does_not_ship_is_refused_with_a_way_out() -> None:
    with pytest.raises(AdaptiveControlError, match="adaptive-control train a1 --model rebal"):
        pretrained_path("a1", "rebal")
