"""The robot's end of the wire: one commander at a time, some who watch, nothing doubtful taken."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import socket
import stat
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.errors import DeployError
from deploy.runtime.link.address import Address
from deploy.runtime.link.base import Channels, Command, Observation
from deploy.runtime.link.datagram import NONCE
from deploy.runtime.link.messages import pack_channels, pack_observation, unpack_command
from deploy.runtime.link.wire import Codec, Kind, Packet, session_keys

__all__ = ["RobotServer"]

_SILENT_S = 1.0
"""A commander that says nothing for so long may be replaced by another."""
_WATCHERS = 4
"""Who may watch at a time: each costs a packet a control period."""
_GREETED = 8
"""Sessions that were offered and not yet taken up; older offers lapse."""
_LARGEST = 65_535
_GREETINGS = (Kind.HELLO, Kind.WATCH)
_HEARD = (Kind.ALIVE, Kind.COMMAND, Kind.BYE)
"""What a commander or a watcher sends in a session."""

_Peer = object
"""A socket address, as the socket module gives it."""


@dataclass
class _Session:
    number: int
    peer: _Peer
    codec: Codec
    watches: bool = False
    heard: int = 0
    said: int = 0
    last_ns: int = 0


class RobotServer:
    """Listens at an address; greets commanders, takes commands, sends observations.

    Args:
        address: to listen at.
        channels: what the robot declares.

    Attributes:
        counters: packets that were dropped, by reason.

    Raises:
        DeployError: the address is taken, or open to others and without a key.
    """

    def __init__(self, address: Address, channels: Channels) -> None:
        self._key = address.key()
        self._shared = Codec(self._key)
        self._channels = channels
        self._declaration = pack_channels(channels)
        self._address = address
        self._socket = self._listen(address)
        self._file = self._file_at(address)
        self._offered: dict[int, _Session] = {}
        self._session: _Session | None = None
        self._watchers: dict[int, _Session] = {}
        self._command: tuple[Command, int] | None = None
        self.counters: Counter[str] = Counter()

    @staticmethod
    def _listen(address: Address) -> socket.socket:
        unix = address.scheme == "unix"
        six = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        ours = socket.socket(socket.AF_UNIX if unix else six, socket.SOCK_DGRAM)
        try:
            if unix:
                RobotServer._make_room(address)
            ours.bind(address.path if unix else (address.host, address.port))
            if unix:
                os.chmod(address.path, 0o600)
        except DeployError:
            ours.close()
            raise
        except OSError as error:
            ours.close()
            raise DeployError(f"listen: {address}: {error.strerror or error}") from error
        ours.setblocking(False)
        return ours

    @staticmethod
    def _make_room(address: Address) -> None:
        """Remove the socket of a robot that was killed; refuse one that is alive, or no socket."""
        path = address.path
        if not os.path.lexists(path):
            return
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise DeployError(f"listen: {address}: exists and is no socket; allowed: a new path")
        kind = socket.AF_UNIX, socket.SOCK_DGRAM
        # Only a socket that nobody listens on any more refuses a connection.
        with socket.socket(*kind) as probe, contextlib.suppress(ConnectionRefusedError):
            probe.connect(path)
            raise DeployError(f"listen: {address}: a robot listens there; allowed: another path")
        os.unlink(path)

    @staticmethod
    def _file_at(address: Address) -> tuple[int, int] | None:
        """What tells the socket's file from another of its name; None: it has none."""
        if address.scheme != "unix":
            return None
        with contextlib.suppress(OSError):
            status = os.lstat(address.path)
            return status.st_dev, status.st_ino
        return None

    @property
    def address(self) -> Address:
        """Where it listens; with the port that was found, if 0 was asked for."""
        if self._address.scheme == "unix":
            return self._address
        return replace(self._address, port=self._socket.getsockname()[1])

    @property
    def commanded(self) -> bool:
        """Whether a commander is there and was heard of lately."""
        return self._session is not None and not self._silent(self._session)

    def newest(self) -> tuple[Command, int] | None:
        """The newest command of this session, and our monotonic clock when it arrived [ns]."""
        return self._command

    def forget(self) -> None:
        """Drop the newest command, however long it says that it is valid."""
        self._command = None

    def serve(self, until_ns: int) -> None:
        """Take what comes until `until_ns` of the monotonic clock; if it has passed, what waits."""
        self.poll()
        while (left := until_ns - time.monotonic_ns()) > 0:
            ready, _, _ = select.select([self._socket], [], [], left * 1e-9)
            if ready:
                self.poll()

    def poll(self) -> None:
        """Take everything that waits."""
        for _ in range(256):
            try:
                datagram, peer = self._socket.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            except OSError:
                self.counters["unreachable"] += 1
                return
            if not peer:
                # A Unix socket without a name of its own: no answer could reach it.
                self.counters["nameless"] += 1
                continue
            self._take(datagram, peer)

    def _take(self, datagram: bytes, peer: _Peer) -> None:
        # Greetings are under the shared key, everything else under its session's.
        session = self._session_of(datagram)
        packet = (self._shared if session is None else session.codec).decode(datagram)
        if isinstance(packet, str):
            self.counters[packet] += 1
            if packet == "version" and datagram[5] in _GREETINGS:
                # It drops the answer as we dropped its greeting, and can tell its user why.
                self._reply(Packet(Kind.REFUSE, 0, 0, b""), self._shared, peer)
        elif session is None:
            if packet.kind in _GREETINGS and len(packet.payload) == NONCE:
                self._greet(packet.payload, peer, packet.kind is Kind.WATCH)
            else:
                self.counters["stale"] += 1
        elif packet.kind not in _HEARD:
            # Not from whom it claims to be: whose peer it came from means nothing.
            self.counters["kind"] += 1
        elif packet.number <= session.heard:
            self.counters["late"] += 1
        else:
            session.heard, session.peer = packet.number, peer
            session.last_ns = time.monotonic_ns()
            self._hear(session, packet)

    def _session_of(self, datagram: bytes) -> _Session | None:
        number = int.from_bytes(datagram[8:16], "little")
        if self._session is not None and number == self._session.number:
            return self._session
        return self._watchers.get(number) or self._offered.get(number)

    def _greet(self, nonce: bytes, peer: _Peer, watches: bool) -> None:
        """Offer a session, or say why not."""
        reason = self._full(watches)
        if reason:
            self.counters["refused"] += 1
            self._reply(Packet(Kind.REFUSE, 0, 0, nonce + reason), self._shared, peer)
            return
        ours = secrets.token_bytes(NONCE)
        number = 1 + secrets.randbits(63)
        up, down = session_keys(self._key, nonce, ours)
        codec = Codec(down, up)
        self._offered[number] = _Session(number, peer, codec, watches)
        while len(self._offered) > _GREETED:
            del self._offered[next(iter(self._offered))]
        payload = nonce + ours + self._declaration
        self._reply(Packet(Kind.WELCOME, number, 0, payload), self._shared, peer)

    def _full(self, watches: bool) -> bytes:
        """Why there is no room for another commander or watcher; empty if there is."""
        if watches:
            self._forget_watchers()
            return b"as many watch as it allows" if len(self._watchers) >= _WATCHERS else b""
        busy = b"another commander has it; it must let go, or be silent for a second"
        return busy if self.commanded else b""

    def _forget_watchers(self) -> None:
        for number in [n for n, watcher in self._watchers.items() if self._silent(watcher)]:
            del self._watchers[number]

    def _hear(self, session: _Session, packet: Packet) -> None:
        if session.number in self._offered:
            # Taken up with the first packet under its key: a greeting that somebody recorded and
            # plays again gets an offer, and no further.
            if self._full(session.watches):
                self.counters["refused"] += 1
                return
            del self._offered[session.number]
            if session.watches:
                self._watchers[session.number] = session
            else:
                self._session, self._command = session, None
        if packet.kind is Kind.COMMAND and not session.watches:
            self._obey(packet.payload)
        elif packet.kind is Kind.BYE and session.watches:
            del self._watchers[session.number]
        elif packet.kind is Kind.BYE:
            self._session, self._command = None, None
        elif packet.kind is Kind.COMMAND:
            self.counters["kind"] += 1

    def _obey(self, payload: bytes) -> None:
        try:
            command = unpack_command(payload)
        except ValueError:
            self.counters["cut"] += 1
            return
        if command.values.size != len(self._channels.action):
            self.counters["size"] += 1
        elif self._command is not None and command.sequence <= self._command[0].sequence:
            self.counters["late"] += 1
        else:
            self._command = (command, time.monotonic_ns())

    def send(self, observation: Observation) -> None:
        """Tell the commander, if there is one, then those who watch."""
        self._forget_watchers()
        commander = () if self._session is None else (self._session,)
        listeners = (*commander, *self._watchers.values())
        if not listeners:
            return
        payload = pack_observation(observation)
        for session in listeners:
            session.said += 1
            packet = Packet(Kind.OBSERVATION, session.number, session.said, payload)
            self._reply(packet, session.codec, session.peer)

    def _reply(self, packet: Packet, codec: Codec, peer: _Peer) -> None:
        try:
            self._socket.sendto(codec.encode(packet), peer)  # pyright: ignore[reportArgumentType, reportCallIssue]
        except OSError:
            self.counters["unsent"] += 1

    @staticmethod
    def _silent(session: _Session) -> bool:
        return time.monotonic_ns() - session.last_ns > _SILENT_S * 1e9

    def close(self) -> None:
        """Stop listening."""
        # Another robot may listen there by now, if somebody removed our file. While our socket is
        # open, the system gives its number to no other file.
        if self._file is not None and self._file_at(self._address) == self._file:
            Path(self._address.path).unlink(missing_ok=True)
        self._file = None
        self._socket.close()
