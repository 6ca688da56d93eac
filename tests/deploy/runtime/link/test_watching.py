"""Those who watch a robot beside its commander: they hear all and move nothing."""

from __future__ import annotations

import time

import pytest

from deploy.errors import DeployError
from deploy.robot import server as robot_end
from deploy.runtime.link.address import Address
from deploy.runtime.link.datagram import DatagramLink
from deploy.runtime.link.messages import pack_command
from deploy.runtime.link.wire import Kind
from tests.deploy.runtime.link.test_datagram import Served, command, observation, robot, until

__all__ = ["robot"]


def test_a_watcher_hears_what_the_commander_hears(robot):
    commander = DatagramLink(robot.address)
    watcher = DatagramLink(robot.address, watch=True)
    assert watcher.channels == commander.channels
    commander.write(command())
    until(lambda: robot.server.newest() is not None)
    with robot.still() as server:
        server.send(observation(7))
        heard = [link.read(1.0) for link in (commander, watcher)]
        assert [seen.sequence for seen in heard if seen is not None] == [7, 7]
        watcher.close()
        server.poll()
        assert server.newest() is not None
        assert server.commanded
    commander.close()


def test_a_commander_may_come_after_a_watcher(robot):
    watcher = DatagramLink(robot.address, watch=True)
    assert not robot.server.commanded
    commander = DatagramLink(robot.address)
    until(lambda: robot.server.commanded)
    commander.close()
    until(lambda: not robot.server.commanded)
    watcher.close()


def test_a_watcher_commands_nothing(robot):
    watcher = DatagramLink(robot.address, watch=True)
    with pytest.raises(DeployError, match="opened to watch"):
        watcher.write(command())
    # One that does not keep to it is not obeyed either.
    watcher._send(Kind.COMMAND, pack_command(command()))
    until(lambda: robot.server.counters["kind"] == 1)
    assert robot.server.newest() is None
    watcher.close()


def test_as_many_watch_as_the_robot_allows(robot):
    watchers = [DatagramLink(robot.address, watch=True) for _ in range(4)]
    until(lambda: len(robot.server._watchers) == 4)
    with pytest.raises(DeployError, match="as many watch as it allows"):
        DatagramLink(robot.address, watch=True)
    watchers.pop().close()
    until(lambda: len(robot.server._watchers) == 3)
    watchers.append(DatagramLink(robot.address, watch=True))
    for watcher in watchers:
        watcher.close()


def test_a_silent_watcher_is_forgotten(robot, monkeypatch):
    monkeypatch.setattr(robot_end, "_SILENT_S", 0.05)
    watcher = DatagramLink(robot.address, watch=True)
    until(lambda: len(robot.server._watchers) == 1)
    time.sleep(0.1)
    with robot.still() as server:
        server.send(observation())
        assert not server._watchers
    watcher.close()


def test_without_the_key_nobody_watches(tmp_path):
    key = tmp_path / "robot.key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    served = Served(Address("udp", "127.0.0.1", 0, key_file=key))
    try:
        bare = Address("udp", "127.0.0.1", served.address.port)
        with pytest.raises(DeployError, match="no robot answers"):
            DatagramLink(bare, greeting_s=0.3, watch=True)
        DatagramLink(served.address, watch=True).close()
    finally:
        served.close()
