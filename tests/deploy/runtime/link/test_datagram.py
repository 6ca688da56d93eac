"""Both ends of the wire over real sockets, with the packets that go wrong."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from deploy.errors import DeployError
from deploy.robot import server as robot_end
from deploy.robot.server import RobotServer
from deploy.runtime.link.address import Address, parse_address
from deploy.runtime.link.base import Channel, Channels, Command, Observation
from deploy.runtime.link.datagram import DatagramLink
from deploy.runtime.link.wire import Codec, Kind, Packet

CHANNELS = Channels(
    "sled", 0.02, (Channel("x", "m", -1.0, 1.0), Channel("v", "m/s", -9.0, 9.0)),
    (Channel("motor", "1", -1.0, 1.0),), (0.0,), True,
)  # fmt: skip
LOCAL = Address("udp", "127.0.0.1", 0)


class Served:
    """A robot that listens in a thread, so that greetings are answered."""

    def __init__(self, address=LOCAL):
        self.server = RobotServer(address, CHANNELS)
        self.address = self.server.address
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            self.server.serve(time.monotonic_ns() + 2_000_000)

    @contextlib.contextmanager
    def still(self):
        """Listens no more, so that the test itself may poll."""
        self.stop()
        yield self.server

    def stop(self):
        self._stop.set()
        self._thread.join()

    def close(self):
        self.stop()
        self.server.close()


@pytest.fixture
def robot():
    served = Served()
    yield served
    served.close()


def observation(sequence=0):
    return Observation(
        sequence, 11, 0, np.array([0.5, np.nan], np.float32), np.array([0.25], np.float32), 3
    )


def command(sequence=0, value=0.5):
    return Command(sequence, 0, 1, 10**9, np.array([value], np.float32))


def until(holds, seconds=2.0):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.002)
    assert holds()


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("scheme", ["udp", "unix"])
def test_channels_observations_and_commands_go_over(scheme, keyed, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"0123456789abcdef")
    text = "udp://127.0.0.1:0" if scheme == "udp" else f"unix://{tmp_path}/robot"
    robot = Served(parse_address(text + (f"?key-file={key}" if keyed else "")))
    link = DatagramLink(robot.address)
    try:
        assert link.channels == CHANNELS
        until(lambda: robot.server.commanded)
        link.write(command(0, 0.75))
        until(lambda: robot.server.newest() is not None)
        newest = robot.server.newest()
        assert newest is not None
        assert float(newest[0].values[0]) == 0.75
        assert link.read(0.0) is None
        robot.server.send(observation(7))
        got = link.read(1.0)
        assert got is not None
        assert (got.sequence, got.applied_sequence) == (7, 3)
        np.testing.assert_array_equal(got.values, observation().values)
    finally:
        link.close()
        until(lambda: not robot.server.commanded)
        robot.close()
    assert not robot.server.counters
    assert not link.counters


def test_the_newest_observation_wins(robot):
    link = DatagramLink(robot.address)
    until(lambda: robot.server.commanded)
    for sequence in range(5):
        robot.server.send(observation(sequence))
    time.sleep(0.05)
    got = link.read(0.0)
    assert got is not None
    assert got.sequence == 4
    assert link.read(0.0) is None
    link.close()


@pytest.mark.parametrize("flag", ["reset", "fallen"])
def test_what_happened_in_an_observation_that_nobody_read_is_told_with_the_next(robot, flag):
    link = DatagramLink(robot.address)
    until(lambda: robot.server.commanded)
    robot.server.send(replace(observation(0), **{flag: True}))
    for sequence in (1, 2):
        robot.server.send(observation(sequence))
    time.sleep(0.05)
    got = link.read(0.0)
    assert got is not None
    assert (got.sequence, got.reset, got.fallen) == (2, flag == "reset", flag == "fallen")
    robot.server.send(observation(3))
    got = link.read(1.0)
    assert got is not None
    assert not got.reset, "told once"
    assert not got.fallen
    link.close()


def test_what_is_reordered_duplicated_forged_or_cut_is_dropped_and_counted(robot):
    link = DatagramLink(robot.address)
    until(lambda: robot.server.commanded)
    link.write(command(5, 0.1))
    until(lambda: robot.server.newest() is not None)
    fine = link._codec.encode(Packet(Kind.COMMAND, link._session, link._number, b""))
    with robot.still() as server:
        counters = server.counters
        for datagram, why in (
            (fine, "late"),  # a number that was heard
            (fine[:-3], "cut"),
            (fine[:-1] + bytes([fine[-1] ^ 1]), "checksum"),
            (b"GET / HTTP/1.0\r\n\r\n", "foreign"),
            (Codec(None).encode(Packet(Kind.COMMAND, 77, 1, b"")), "stale"),
        ):
            before = counters[why]
            link._send_bytes(datagram)
            time.sleep(0.01)
            server.poll()
            assert counters[why] == before + 1, why
        link.write(command(4, 0.9))  # an older command, in a packet that is fine
        link.write(replace(command(6), values=np.zeros(3, np.float32)))
        time.sleep(0.01)
        server.poll()
        assert counters["size"] == 1
        newest = server.newest()
        assert newest is not None
        assert newest[0].sequence == 5
    link.close()


def test_another_key_gets_no_answer(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(b"o" * 20)
    theirs.write_bytes(b"t" * 20)
    robot = Served(replace(LOCAL, key_file=ours))
    try:
        with pytest.raises(DeployError, match="no robot answers"):
            DatagramLink(replace(robot.address, key_file=theirs), greeting_s=0.3)
        with pytest.raises(DeployError, match="one that has a key answers only with it"):
            DatagramLink(replace(robot.address, key_file=None), greeting_s=0.3)
        assert robot.server.counters["forged"] + robot.server.counters["cut"] >= 2
    finally:
        robot.close()


def test_what_was_recorded_in_one_session_means_nothing_in_the_next(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"k" * 20)
    robot = Served(replace(LOCAL, key_file=key))
    first = DatagramLink(robot.address)
    until(lambda: robot.server.commanded)
    recorded = first._codec.encode(Packet(Kind.COMMAND, first._session, 99, b""))
    first.close()
    until(lambda: not robot.server.commanded)
    second = DatagramLink(robot.address)
    until(lambda: robot.server.commanded)
    with robot.still() as server:
        before = sum(server.counters.values())
        second._send_bytes(recorded)
        # The same bytes under the number of the living session: its key is another.
        second._send_bytes(recorded[:8] + second._session.to_bytes(8, "little") + recorded[16:])
        time.sleep(0.02)
        server.poll()
        assert sum(server.counters.values()) == before + 2
        assert server.newest() is None
    second.close()
    robot.close()


def test_a_second_commander_is_refused_until_the_first_is_silent(robot, monkeypatch):
    first = DatagramLink(robot.address)
    until(lambda: robot.server.commanded)
    with pytest.raises(DeployError, match="another commander"):
        DatagramLink(robot.address, greeting_s=0.5)
    monkeypatch.setattr(robot_end, "_SILENT_S", 0.05)
    time.sleep(0.1)
    second = DatagramLink(robot.address)
    second.write(command(0, 0.2))
    until(lambda: robot.server.newest() is not None)
    # The first is no longer heard.
    first.write(command(9, 0.9))
    until(lambda: sum(robot.server.counters.values()) >= 2)
    newest = robot.server.newest()
    assert newest is not None
    assert float(newest[0].values[0]) == pytest.approx(0.2)
    first.close()
    second.close()


def test_a_link_that_was_lost_for_a_while_goes_on(robot):
    link = DatagramLink(robot.address)
    until(lambda: robot.server.commanded)
    robot.stop()
    assert link.read(0.3) is None  # nobody serves; the link waits and greets on
    robot.server.poll()
    robot.server.send(observation(1))
    got = link.read(1.0)
    assert got is not None
    assert got.sequence == 1
    link.close()


@pytest.mark.parametrize("keyed", [False, True])
def test_a_robot_that_answers_each_greeting_is_no_forger(keyed, tmp_path):
    """It is slow: the commander has greeted it three times before it looks."""
    key = tmp_path / "key"
    key.write_bytes(b"k" * 20)
    server = RobotServer(replace(LOCAL, key_file=key if keyed else None), CHANNELS)

    def wake():
        time.sleep(0.5)
        while not server.commanded:
            server.serve(time.monotonic_ns() + 2_000_000)

    thread = threading.Thread(target=wake)
    thread.start()
    link = DatagramLink(server.address, greeting_s=30)
    thread.join()
    server.send(observation(1))
    got = link.read(5.0)
    assert got is not None
    assert not link.counters
    link.close()
    server.close()


def test_nobody_there_is_an_error_that_says_so():
    spare = RobotServer(LOCAL, CHANNELS)
    address = spare.address
    spare.close()
    with pytest.raises(DeployError, match="no robot answers"):
        DatagramLink(address, greeting_s=0.1)


def test_an_address_in_use_is_an_error_that_says_so(robot):
    with pytest.raises(DeployError, match="in use"):
        RobotServer(robot.address, CHANNELS)


def test_a_robot_open_to_others_needs_a_key():
    with pytest.raises(DeployError, match="key"):
        RobotServer(Address("udp", "0.0.0.0", 0), CHANNELS)


def test_where_nobody_listens_it_greets_at_leisure_and_blames_no_key(robot):
    gone = robot.address
    robot.close()
    sent = []
    original = DatagramLink._send_bytes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            DatagramLink, "_send_bytes", lambda link, data: (sent.append(1), original(link, data))
        )
        with pytest.raises(DeployError, match=r"no robot answers at udp://[\d.:]+$"):
            DatagramLink(gone, greeting_s=0.3)
    assert 1 <= len(sent) <= 16
