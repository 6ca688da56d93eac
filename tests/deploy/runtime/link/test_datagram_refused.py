"""Packets that look right and come from somebody else, over real sockets."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace

import pytest

from deploy.errors import DeployError
from deploy.robot.server import RobotServer
from deploy.runtime.link.datagram import DatagramLink
from deploy.runtime.link.messages import pack_observation
from deploy.runtime.link.wire import Codec, Kind, Packet
from tests.deploy.runtime.link.test_datagram import (
    CHANNELS,
    LOCAL,
    Served,
    observation,
    robot,
    until,
)

__all__ = ["robot"]


@pytest.mark.parametrize("keyed", [False, True])
def test_a_packet_sent_back_to_the_robot_moves_neither_its_peer_nor_its_count(keyed, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"k" * 20)
    robot = Served(replace(LOCAL, key_file=key if keyed else None))
    link = DatagramLink(robot.address)
    until(lambda: robot.server.commanded)
    with robot.still() as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        session = server._session
        assert session is not None
        before = (session.heard, session.peer, session.last_ns)
        said = Packet(Kind.OBSERVATION, session.number, 99, pack_observation(observation()))
        stranger.sendto(session.codec.encode(said), ("127.0.0.1", robot.address.port))
        time.sleep(0.02)
        server.poll()
        assert (session.heard, session.peer, session.last_ns) == before
        assert server.counters == {"forged" if keyed else "kind": 1}
    link.close()
    robot.close()


def test_another_version_is_told_so(robot):
    """An older commander drops the answer, and says to its user that it dropped a version."""
    hello = Codec(None).encode(Packet(Kind.HELLO, 0, 0, b"n" * 16))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as older:
        older.settimeout(5.0)
        older.sendto(hello[:4] + b"\x01" + hello[5:], ("127.0.0.1", robot.address.port))
        answer = older.recv(1000)
    assert answer[5] == Kind.REFUSE
    assert robot.server.counters == {"version": 1}


def test_a_robot_of_another_version_is_not_blamed_on_the_key(monkeypatch):
    original = Codec.encode
    server = RobotServer(LOCAL, CHANNELS)
    thread = threading.Thread(target=lambda: server.serve(time.monotonic_ns() + 5 * 10**8))
    monkeypatch.setattr(
        RobotServer, "_reply",
        lambda self, packet, codec, peer: self._socket.sendto(
            b"ADCL\x01" + original(codec, packet)[5:], peer
        ),
    )  # fmt: skip
    thread.start()
    with pytest.raises(DeployError, match=r"dropped: \d+ version; is the release the same"):
        DatagramLink(server.address, greeting_s=0.3)
    thread.join()
    server.close()
