"""The robot in another process, in real time, with its own watchdog."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from deploy.robot import realtime
from deploy.robot.channels import channels_of
from deploy.robot.config import SimulateConfig
from deploy.robot.plant import LinkedPlant
from deploy.robot.realtime import simulate
from deploy.robot.server import RobotServer
from deploy.runtime.link import Command, open_link
from deploy.runtime.link.address import parse_address
from robots import get_robot
from tests.deploy.simulated import simulated_half_cheetah


@pytest.fixture
def robot():
    with simulated_half_cheetah() as running:
        yield running


def command(sequence, value, valid_s=0.2):
    return Command(sequence, 0, 0, int(valid_s * 1e9), np.full(6, value, np.float32))


def test_it_obeys_until_its_watchdog_does_not_believe_it_any_more(robot):
    process, address = robot
    link = open_link(address)
    first = link.read(2.0)
    assert first is not None
    link.write(command(0, 0.5))
    seen = [observed for _ in range(14) if (observed := link.read(1.0)) is not None]
    assert [o.sequence for o in seen] == list(range(seen[0].sequence, seen[0].sequence + len(seen)))
    starts = [o for o in seen if o.reset]
    assert len(starts) == 1  # its episode begins with the first armed command
    obeyed = [o for o in seen if o.applied_sequence == 0]
    # 0.2 s of validity are four periods, and one less or more for when in its period it arrived.
    assert 2 <= len(obeyed) <= 6
    np.testing.assert_array_equal(obeyed[0].applied, np.full(6, 0.5, np.float32))
    last = seen[-1]
    assert last.applied_sequence == -1
    np.testing.assert_array_equal(last.applied, np.zeros(6, np.float32))
    link.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(5.0) == 0
    assert process.stdout is not None
    assert "without a valid command" in process.stdout.read()


def test_it_keeps_its_control_period():
    stamps = []
    config = SimulateConfig(listen="udp://127.0.0.1:0", seconds=0.5, quiet=True)
    started = time.monotonic()
    report = simulate(config, stopped=lambda: stamps.append(time.monotonic()) or False)
    assert report.ticks + report.skipped >= 10
    assert time.monotonic() - started >= 0.5


def test_less_than_half_a_period_is_not_endless():
    asked = []
    config = SimulateConfig(listen="udp://127.0.0.1:0", seconds=0.02, quiet=True)
    report = simulate(config, stopped=lambda: asked.append(1) or len(asked) > 20)
    assert report.ticks == 1


@pytest.mark.parametrize(("delay", "late"), [(1, False), (0, True)])
def test_a_period_is_computed_before_it_ends_not_after(monkeypatch, delay, late):
    class Slow(LinkedPlant):
        def step(self, command):
            time.sleep(0.3 * self.spec.dt)
            return super().step(command)

    monkeypatch.setattr(realtime, "LinkedPlant", Slow)
    config = SimulateConfig(listen="udp://127.0.0.1:0", seconds=0.5, quiet=True, delay=delay)
    report = simulate(config)
    assert (report.late > report.ticks / 2) is late


def test_a_robot_that_is_too_slow_still_listens():
    robot = RobotServer(parse_address("udp://127.0.0.1:0"), channels_of(get_robot("ant").spec))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(b"nothing of ours", ("127.0.0.1", robot.address.port))
        robot.serve(time.monotonic_ns() - 1)
    robot.close()
    assert sum(robot.counters.values()) == 1


def test_bad_settings_are_refused_with_status_2():
    for arguments in (
        ["dog"], ["half-cheetah", "--listen", "udp://0.0.0.0:0"], ["ant", "--delay", "7"],
        ["ant", "--perturb", "crippled-leg:9"], ["ant", "--seed", "-1"],
    ):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "adaptive_control", "simulate", *arguments, "--seconds", "1"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 2, done
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
