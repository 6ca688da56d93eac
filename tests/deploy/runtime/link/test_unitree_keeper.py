"""The whole link to a Unitree robot, with the keeper in its own process."""

from __future__ import annotations

import json
import time

import pytest

from deploy.errors import DeployError
from deploy.runtime.link import open_link
from tests.deploy.runtime.link.dog import Dog, command


def test_a_robot_that_walks_by_itself_is_refused(sdk, path):
    sdk.switcher.ANSWER[:] = [0, {"form": "0", "name": "normal"}]
    with pytest.raises(DeployError, match="'normal' commands the motors"):
        open_link(f"unitree://eth0?config={path}")
    sdk.switcher.ANSWER[:] = [3104, None]
    with pytest.raises(DeployError, match=r"does not say .*code 3104"):
        open_link(f"unitree://eth0?config={path}")
    assert sdk.channel.SUBSCRIBERS == []


def test_a_command_reaches_the_motors_at_their_rate_and_damps_at_the_end(
    sdk, path, tmp_path, monkeypatch
):
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_ROBOT_LOG", str(log))
    dog = Dog(sdk)
    init = sdk.channel.ChannelSubscriber.Init

    def with_a_dog(self, handler, length):
        init(self, handler, length)
        dog.say(dog.state())

    monkeypatch.setattr(sdk.channel.ChannelSubscriber, "Init", with_a_dog)
    link = open_link(f"unitree://eth0?config={path}")
    assert link.read(0.0) is not None
    assert not log.exists()  # nothing is said before the first command
    link.write(command(0, 0.5, valid_for_ns=500_000_000))
    end = time.monotonic() + 5.0
    while time.monotonic() < end and all(motors[11][2] > 0 for motors in said(log)):
        time.sleep(0.05)
    link.close()
    motors = said(log)
    assert motors[0][11] == [-1.25, 0.0, 40.0, 1.0]
    held = [motor[11] for motor in motors if motor[11][2] > 0]
    assert len(held) >= 5  # repeated, though it was sent once
    assert motors[-1][11] == [2.146e9, 0.0, 0.0, 2.0]


def said(path):
    """What each motor was told, message by message."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line)[2] for line in text.splitlines() if line.endswith("]]]")]
