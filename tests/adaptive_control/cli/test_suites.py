"""`adaptive-control suites`: what there is, one line each, and one in full."""

from __future__ import annotations

import pytest

from adaptive_control.cli.main import main
from adaptive_control.suites import SUITES

Capture = pytest.CaptureFixture[str]


def test_one_line_for_each_suite(capsys: Capture) -> None:
    assert main(["suites"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(SUITES)
    for suite, line in zip(SUITES, lines, strict=True):
        assert line.split()[0] == f"{suite.name}/{suite.robot}"
        assert line.endswith(suite.summary)


def test_a_suite_in_full_for_each_robot_that_has_it(capsys: Capture) -> None:
    assert main(["suites", "motors"]) == 0
    out = capsys.readouterr().out
    assert "motors/half-cheetah" in out
    assert "motors/ant" in out
    assert "  train    gains 0.5-1 on motors 0-3, half the time one of them reversed" in out
    for suite in SUITES:
        if suite.name == "motors":
            assert all(f"  test     {test}\n" in out for test in suite.test)
    assert "and the unperturbed robot" in out


def test_an_unknown_suite_is_one_line(capsys: Capture) -> None:
    assert main(["suites", "stairs"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: suite: 'stairs' is unknown; allowed: all, ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
