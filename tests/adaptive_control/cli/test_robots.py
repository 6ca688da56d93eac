"""`adaptive-control robots ROBOT`: its example works."""

from __future__ import annotations

import re

import pytest

from adaptive_control.cli.main import main
from robots import parse_perturbation, robot_names


@pytest.mark.parametrize("robot", robot_names())
def test_the_example_is_one_of_this_robot(robot: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["robots", robot]) == 0
    (example,) = re.findall(r"for example (\S+);", capsys.readouterr().out)
    assert "@8s-10s" in str(parse_perturbation(example, robot))
