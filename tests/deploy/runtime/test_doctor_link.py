"""The command `doctor` against `simulate` in another process, over UDP and a Unix socket."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adaptive_control.cli.main import main
from tests.deploy.bundles import bundle_path

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are not wrapped."""
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    listen = {"udp": "udp://127.0.0.1:0", "unix": f"unix://{tmp_path}/robot"}[request.param[0]]
    process = subprocess.Popen(
        [sys.executable, "-m", "adaptive_control", "simulate", request.param[1],
         "--listen", listen, "--quiet"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split(" at ")[1].split(",")[0]
    finally:
        process.kill()
        process.communicate()


def doctor(address: str, *options: str) -> int:
    return main(["doctor", str(bundle_path()), "--robot", address, *options])


@pytest.mark.parametrize("address", [("udp", "half-cheetah"), ("unix", "half-cheetah")],
                         indirect=True)  # fmt: skip
def test_a_robot_that_fits(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(address) == 0
    text = capsys.readouterr().out
    # Both sides in their own order, with units and limits.
    assert "1: rad" in text
    assert "0: 1, -1 to 1" in text
    assert "bthigh" in text
    assert "control period  0.05 s, bundle 0.05 s" in text
    assert "the robot fits the bundle" in text


@pytest.mark.parametrize("address", [("udp", "ant")], indirect=True)
def test_a_robot_that_does_not_fit(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(address) == 2
    shown = capsys.readouterr()
    assert "the robot has no such" in shown.out
    assert shown.err.startswith("error: robot 'ant' does not fit the bundle")
    assert shown.err.count("\n") == 1


def test_nobody_answers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert doctor(f"unix://{tmp_path}/nobody") == 2
    assert "No such file" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("address", [("udp", "half-cheetah")], indirect=True)
def test_every_motor_answers_in_real_time(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(address, "--wiggle", "--amplitude", "0.3") == 0
    text = capsys.readouterr().out
    for joint in ("bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot"):
        assert f"moving {joint}" in text
        (row,) = [line for line in text.splitlines() if f" {joint} " in line and "rad" in line
                  and "times" not in line and ":" not in line]  # fmt: skip
        assert f" {joint}" in row.split("│")[2]
        assert "+" in row
