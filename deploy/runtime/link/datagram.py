"""The commander's, or a watcher's, end of a link to a robot over UDP or a Unix socket."""

from __future__ import annotations

import os
import secrets
import select
import socket
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from deploy.errors import DeployError
from deploy.runtime.link.address import Address
from deploy.runtime.link.base import Channels, Command, Observation
from deploy.runtime.link.messages import pack_command, unpack_channels, unpack_observation
from deploy.runtime.link.wire import Codec, Kind, Packet, session_keys

__all__ = ["NONCE", "DatagramLink"]

NONCE = 16
"""Bytes that each side draws for a session."""
_ALIVE_S = 0.25
"""Without commands, the robot hears this often that somebody listens."""
_REFUSED_S = 0.02
"""Between two greetings, at least."""
_UNHEARD = ("unreachable", "unsent")
"""Reasons that say nothing of what a robot answered."""
_LARGEST = 65_535
_GREETINGS = (bytes([Kind.WELCOME]), bytes([Kind.REFUSE]))


class DatagramLink:
    """A robot at an address.

    Attributes:
        counters: packets that were dropped, by reason.
    """

    def __init__(self, address: Address, greeting_s: float = 3.0, *, watch: bool = False) -> None:
        """Greet the robot.

        Args:
            address: of the robot.
            greeting_s: how long to wait for its answer.
            watch: command nothing; there may be a commander beside it.

        Raises:
            DeployError: no answer, a refusal, or an address that needs a key.
        """
        key = address.key()
        self._address, self._watch = address, watch
        self.counters: Counter[str] = Counter()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._socket = self._open_socket()
        self._number = 0
        self._heard = -1
        self._last_sent = 0.0
        self._waiting: Observation | None = None
        try:
            self.channels = self._greet(key, greeting_s)
        except BaseException:
            self._drop()
            raise

    channels: Channels

    def _open_socket(self) -> socket.socket:
        unix = self._address.scheme == "unix"
        six = socket.AF_INET6 if ":" in self._address.host else socket.AF_INET
        ours = socket.socket(socket.AF_UNIX if unix else six, socket.SOCK_DGRAM)
        try:
            if unix:
                # A datagram socket gets answers only if it has a name of its own.
                self._folder = tempfile.TemporaryDirectory(prefix="adaptive-control-")
                ours.bind(str(Path(self._folder.name) / "commander"))
                ours.connect(self._address.path)
            else:
                ours.connect((self._address.host, self._address.port))
        except OSError as error:
            ours.close()
            self._drop_name()
            raise DeployError(f"link: {self._address}: {error.strerror or error}") from error
        ours.setblocking(False)
        return ours

    def _greet(self, key: bytes | None, greeting_s: float) -> Channels:
        shared = self._shared = Codec(key)
        nonce = self._nonce = secrets.token_bytes(NONCE)
        kind = Kind.WATCH if self._watch else Kind.HELLO
        hello = shared.encode(Packet(kind, 0, 0, nonce))
        until = time.monotonic() + greeting_s
        while (left := until - time.monotonic()) > 0:
            self._send_bytes(hello)
            datagrams = self._receive(min(0.2, left))
            if not datagrams:
                time.sleep(_REFUSED_S)  # where nobody listens, that is known at once
            for datagram in datagrams:
                packet = shared.decode(datagram)
                if isinstance(packet, str):
                    self.counters[packet] += 1
                elif packet.payload[:NONCE] != nonce:
                    self.counters["stale"] += 1
                elif packet.kind is Kind.REFUSE:
                    reason = packet.payload[NONCE:].decode(errors="replace")
                    raise DeployError(f"link: {self._address} refuses: {reason}")
                elif packet.kind is Kind.WELCOME:
                    theirs = packet.payload[NONCE : 2 * NONCE]
                    self._session = packet.session
                    self._codec = Codec(*session_keys(key, nonce, theirs))
                    self._send(Kind.ALIVE)
                    return self._declared(packet.payload[2 * NONCE :])
        raise DeployError(f"link: no robot answers at {self._address}{self._hint()}")

    def _hint(self) -> str:
        """What may be wrong with answers that were not believed."""
        heard = {why: n for why, n in self.counters.items() if why not in _UNHEARD}
        dropped = ", ".join(f"{n} {why}" for why, n in heard.items())
        same = "release" if "version" in heard else "key"
        if heard:
            return f" (dropped: {dropped}; is the {same} the same?)"
        # Something listens there that takes what we say and is silent.
        mute = "unreachable" not in self.counters and self._address.key_file is None
        return "; one that has a key answers only with it: ?key-file=PATH" if mute else ""

    def _declared(self, payload: bytes) -> Channels:
        try:
            return unpack_channels(payload)
        except ValueError as error:
            raise DeployError(f"link: {self._address}: {error}") from error

    def read(self, timeout_s: float) -> Observation | None:
        """The newest observation not yet read, or None after `timeout_s`."""
        until = time.monotonic() + timeout_s
        while True:
            left = max(0.0, until - time.monotonic())
            for datagram in self._receive(min(left, _ALIVE_S)):
                self._take(datagram, time.monotonic_ns())
            self._stay_alive()
            observation, self._waiting = self._waiting, None
            if observation is not None or time.monotonic() >= until:
                return observation

    def _take(self, datagram: bytes, received_ns: int) -> None:
        if self._late_greeting(datagram):
            return
        packet = self._codec.decode(datagram)
        if isinstance(packet, str):
            self.counters[packet] += 1
        elif packet.session != self._session:
            self.counters["stale"] += 1
        elif packet.kind is not Kind.OBSERVATION:
            self.counters["kind"] += 1
        elif packet.number <= self._heard:
            self.counters["late"] += 1
        else:
            self._heard = packet.number
            try:
                newest = unpack_observation(packet.payload, received_ns)
            except ValueError:
                self.counters["cut"] += 1
            else:
                self._waiting = _after(self._waiting, newest)

    def _late_greeting(self, datagram: bytes) -> bool:
        """Whether a slow robot answers a second time: we greet it until it does."""
        if datagram[5:6] not in _GREETINGS:
            return False
        packet = self._shared.decode(datagram)
        return not isinstance(packet, str) and packet.payload[:NONCE] == self._nonce

    def write(self, command: Command) -> None:
        """Send a command; never blocks.

        Raises:
            DeployError: the link only watches.
        """
        if self._watch:
            raise DeployError(f"link: {self._address}: opened to watch; it takes no commands")
        self._send(Kind.COMMAND, pack_command(command))

    def _stay_alive(self) -> None:
        if time.monotonic() - self._last_sent > _ALIVE_S:
            self._send(Kind.ALIVE)

    def _send(self, kind: Kind, payload: bytes = b"") -> None:
        self._number += 1
        self._last_sent = time.monotonic()
        self._send_bytes(self._codec.encode(Packet(kind, self._session, self._number, payload)))

    def _send_bytes(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except OSError:
            # A robot that is gone, or a full buffer: both show as observations that do not come.
            self.counters["unsent"] += 1

    def _receive(self, timeout_s: float) -> list[bytes]:
        """All datagrams that wait; the first may take `timeout_s` to come."""
        select.select([self._socket], [], [], timeout_s)
        datagrams = []
        while len(datagrams) < 256:
            try:
                datagrams.append(self._socket.recv(_LARGEST))
            except BlockingIOError:
                break
            except OSError:
                self.counters["unreachable"] += 1
                break
        return datagrams

    def close(self) -> None:
        """Tell the robot that we let go, and do so."""
        if self._socket.fileno() >= 0:
            self._send(Kind.BYE)
        self._drop()

    def _drop(self) -> None:
        self._socket.close()
        self._drop_name()

    def _drop_name(self) -> None:
        if self._folder is not None:
            with_name = Path(self._folder.name) / "commander"
            if with_name.exists():
                os.unlink(with_name)
            self._folder.cleanup()
            self._folder = None


def _after(unread: Observation | None, newest: Observation) -> Observation:
    """The newest observation; what happened before it and nobody has read counts as news, too."""
    if unread is None:
        return newest
    reset, fallen = unread.reset or newest.reset, unread.fallen or newest.fallen
    return replace(newest, reset=reset, fallen=fallen)
