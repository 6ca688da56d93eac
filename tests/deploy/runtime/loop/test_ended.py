"""The whole program over a link, ended from outside: what the robot gets, what the log keeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from deploy.robot import plant
from deploy.robot.config import SimulateConfig
from deploy.robot.realtime import simulate
from deploy.runtime.link.base import Command, Observation
from deploy.runtime.log import read_log
from tests.deploy.bundles import bundle_path

ROOT = Path(__file__).parents[4]
VALID_TICKS = 3
pytestmark = pytest.mark.slow


def until(holds: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    assert holds()


class Watched:
    """A simulated half-cheetah that listens in a thread; `periods` is what acted in each."""

    def __init__(self) -> None:
        self.periods: list[tuple[Command | None, Observation]] = []
        self.lines: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live)

    def _live(self) -> None:
        # Where it is granted, what else the machine does does not decide what these tests see.
        with suppress(OSError, AttributeError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(45))
        config = SimulateConfig(listen="udp://127.0.0.1:0", quiet=True)
        simulate(config, self.lines.append, self._stop.is_set)

    @property
    def address(self) -> str:
        return self.lines[0].split(" at ")[1].split(",")[0]

    def __enter__(self) -> Watched:
        self._thread.start()
        until(lambda: bool(self.lines))
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    step = plant.LinkedPlant.step
    watched = Watched()

    def seen(self: plant.LinkedPlant, command: Command | None) -> Observation:
        observation = step(self, command)
        watched.periods.append((command, observation))
        return observation

    monkeypatch.setattr(plant.LinkedPlant, "step", seen)
    with watched:
        yield watched


@contextmanager
def running(robot: Watched, folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    # A shell that starts its children in the background lets them ignore Ctrl-C.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from adaptive_control.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "run", str(bundle_path()), "--robot", robot.address,
         "--log", "run.mcap", "--json", "run.json", *options],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def obeyed(robot: Watched) -> int:
    return sum(command is not None and command.armed for command, _ in robot.periods)


def check_applied(robot: Watched) -> None:
    for _, observation in robot.periods:
        assert np.isfinite(observation.applied).all()
        assert (np.abs(observation.applied) <= 1).all()


def test_a_shield_that_is_killed_leaves_the_robot_to_its_watchdog(
    robot: Watched, tmp_path: Path
) -> None:
    with running(robot, tmp_path, "--arm") as process:
        until(lambda: obeyed(robot) > 40)
        process.kill()
        process.wait()
        killed = len(robot.periods)
        until(lambda: len(robot.periods) > killed + 30)
    after = robot.periods[killed:]
    # The last command was sent before the kill and is valid for three periods; one more is under
    # way when it expires, and one began while this test looked.
    acting = [number for number, (command, _) in enumerate(after) if command is not None]
    assert max(acting, default=0) <= VALID_TICKS + 2
    for _, observation in after[VALID_TICKS + 2 :]:
        np.testing.assert_array_equal(observation.applied, np.zeros(6, np.float32))
    check_applied(robot)
    log = read_log(tmp_path / "run.mcap", partial=True)
    assert not log.whole
    assert log.records, "what was flushed up to a second before"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_with_the_safe_action_and_a_whole_log(
    robot: Watched, tmp_path: Path, number: signal.Signals
) -> None:
    with running(robot, tmp_path, "--arm") as process:
        until(lambda: obeyed(robot) > 15)
        process.send_signal(number)
        output, errors = process.communicate(timeout=120)
        ended = len(robot.periods)
        until(lambda: len(robot.periods) > ended + 1)  # the last command acts in the next period
    summary = json.loads((tmp_path / "run.json").read_text())
    # On a busy machine it may have been on its way to a safe stop by itself.
    assert process.returncode == (3 if summary["safe"] else 0), output + errors
    assert summary["ended"] == number.name
    # The last command is the safe action; the farewell after it may come in the same period, and
    # the robot then takes its safe action by itself.
    np.testing.assert_array_equal(robot.periods[-1][1].applied, np.zeros(6, np.float32))
    obeyed_last = [command.values for command, _ in robot.periods if command is not None][-4:]
    sizes = [float(np.abs(values).max()) for values in obeyed_last]
    assert sizes == sorted(sizes, reverse=True), "a ramp down"
    check_applied(robot)
    log = read_log(tmp_path / "run.mcap")
    assert log.whole
    assert len(log.records) == summary["ticks"]


def test_a_start_without_a_terminal_moves_nothing(robot: Watched, tmp_path: Path) -> None:
    with running(robot, tmp_path, "--seconds", "2") as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, output + errors
    assert "no command was sent: without a terminal, only --arm arms the robot" in output
    assert obeyed(robot) == 0
    summary = json.loads((tmp_path / "run.json").read_text())
    log = read_log(tmp_path / "run.mcap")
    assert len(log.records) == summary["ticks"]
    assert not any(record.armed for record in log.records)
