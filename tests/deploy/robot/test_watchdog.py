"""The robot's watchdog where the clock jumps, or where a commander promises too much."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from deploy.robot import plant as robot_plant
from deploy.robot import server as robot_end
from deploy.robot.config import SimulateConfig
from deploy.robot.realtime import simulate
from deploy.runtime.link import Command, RobotLink, open_link


@contextmanager
def robot(lines: list[str]) -> Iterator[RobotLink]:
    stop = threading.Event()
    config = SimulateConfig(listen="udp://127.0.0.1:0", quiet=True)
    thread = threading.Thread(target=simulate, args=(config, lines.append, stop.is_set))
    thread.start()
    try:
        until(lambda: bool(lines))
        link = open_link(lines[0].split(" at ")[1].split(",")[0])
        yield link
        link.close()
    finally:
        stop.set()
        thread.join()


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    assert holds()


def command(valid_s: float) -> Command:
    return Command(0, 0, 0, int(valid_s * 1e9), np.full(6, 0.5, np.float32))


def test_a_command_that_expired_while_the_robot_stood_still_acts_no_more(monkeypatch):
    step = robot_plant.LinkedPlant.step
    applied: list[tuple[int, bool]] = []

    def slow(self, given):
        applied.append((time.monotonic_ns(), given is not None))
        observation = step(self, given)
        if sum(obeyed for _, obeyed in applied) == 2 and given is not None:
            time.sleep(1.0)
        return observation

    monkeypatch.setattr(robot_plant.LinkedPlant, "step", slow)
    with robot([]) as link:
        written = time.monotonic_ns()
        link.write(command(valid_s=0.5))
        until(lambda: len(applied) > 3 and applied[-1][0] - written > 1_500_000_000)
    obeyed = [at - written for at, given in applied if given]
    assert len(obeyed) == 2  # and not a third time, half a second after it expired


def test_a_silent_commander_moves_nothing_however_long_its_command_is_valid(monkeypatch):
    monkeypatch.setattr(robot_end, "_SILENT_S", 0.3)
    step = robot_plant.LinkedPlant.step
    seen = []

    def watched(self, given):
        observation = step(self, given)
        seen.append((observation, self.running))
        return observation

    monkeypatch.setattr(robot_plant.LinkedPlant, "step", watched)
    lines: list[str] = []
    with robot(lines) as link:
        link.write(command(valid_s=3600.0))
        until(lambda: "nobody commands the robot any more" in lines)
        since = len(seen) + 1
        until(lambda: len(seen) > since + 10)
        later = seen[since:]
        assert not any(running or o.reset or o.applied_sequence >= 0 for o, running in later)
        assert lines.count("nobody commands the robot any more") == 1
