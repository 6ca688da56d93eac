"""Commands to a Unitree robot's motors, which brake when there is none."""

from __future__ import annotations

import time

import pytest

from tests.deploy.runtime.link.dog import WIRING, Dog, command, opened

GAIT = """
gait = [[0.0], [0.1], [0.2], [0.3]]
[[observation]]
name = "gait_sin"
unit = "1"
topic = "gait"
field = "sin"
[[observation]]
name = "gait_cos"
unit = "1"
topic = "gait"
field = "cos"
"""


def test_commands_move_one_slot_and_damp_the_rest(sdk, path):
    link, commands = opened(path)
    link.write(command(0, 0.5))
    link.write(command(1, -9.0))
    link.write(command(2, 0.5, armed=False))
    link.write(command(3, float("nan")))
    assert [said[11] for said in commands.said] == [(-1.25, 40.0, 1.0), (-2.0, 40.0, 1.0)]
    assert all(said[3] == (2.146e9, 0.0, 2.0) for said in commands.said)  # a leg without an action
    assert all(said[15] == (2.146e9, 0.0, 0.0) for said in commands.said)  # a slot without a motor
    assert link.counters["command not finite"] == 1
    link.close()
    assert commands.said[-1][11] == (2.146e9, 0.0, 2.0)  # damped: the last word


def test_a_gait_goes_on_with_the_robots_periods(sdk, path):
    head, tables = WIRING.replace("dt = 0.02", "dt = 20.0").split("[gains]")
    path.write_text(head + GAIT + "[gains]" + tables)
    (link, commands), dog = opened(path), Dog(sdk)
    phases = []
    for _ in range(6):
        dog.say(dog.state())
        dog.tick += 19_998
        seen = link.read(0.0)
        assert seen is not None
        phases.append((seen.sequence, *seen.values[:2].round(3)))
    assert phases == [(0, 0, 1), (1, 1, 0), (2, 0, -1), (3, -1, 0), (4, 0, 1), (5, 1, 0)]
    link.write(command(0, 0.5, valid_for_ns=60 * 10**9))  # in period 5, the second of its cycle
    assert commands.said[-1][11][0] == pytest.approx(-1.25 + 0.1)
    commands.keeper.repeat(time.monotonic_ns() + 20 * 10**9)
    assert commands.said[-1][11][0] == pytest.approx(-1.25 + 0.2)
    link.close()


def test_an_expired_command_damps(sdk, path):
    link, commands = opened(path)
    link.write(command(0, 0.5, valid_for_ns=60 * 10**9))
    commands.keeper.repeat(time.monotonic_ns())
    assert commands.said[-1][11] == (-1.25, 40.0, 1.0)
    commands.keeper.repeat(time.monotonic_ns() + 60 * 10**9)
    assert commands.said[-1][11] == (2.146e9, 0.0, 2.0)
    link.close()
