"""Packets between the runtime and a robot, one to a datagram.

    magic "ADCL" | version 2 | kind 1 | length 2 | session 8 | number 8 | payload | tag

Little endian. `number` counts the packets of one sender in one session and only rises, so a packet
that comes twice or late is known. The tag is a CRC-32 (4 bytes), or, with a shared key, the first
16 bytes of an HMAC-SHA256; in both cases over all that stands before it. Each session has two keys
of its own, one a direction, made from the shared one and a number that each side draws: packets of
an earlier session mean nothing in this one, and a packet sent back to its sender means nothing to
it.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import struct
import zlib
from dataclasses import dataclass

__all__ = ["Codec", "Kind", "Packet", "session_keys"]

_HEADER = struct.Struct("<4sBBHQQ")
_MAGIC = b"ADCL"
VERSION = 2
"""In version 1 both directions of a session had the same key."""
_LARGEST = 60_000
"""Bytes of a payload; a datagram cannot hold many more."""


class Kind(enum.IntEnum):
    """What a packet is for."""

    HELLO = 1
    """Commander to robot: who are you? Payload: the commander's nonce."""
    WELCOME = 2
    """Robot to commander: both nonces, then its channels."""
    REFUSE = 3
    """Robot to commander: the commander's nonce, then why not."""
    ALIVE = 4
    """Commander to robot: still here, nothing to say."""
    OBSERVATION = 5
    """Robot to commander."""
    COMMAND = 6
    """Commander to robot."""
    BYE = 7
    """Commander or watcher to robot: let go."""
    WATCH = 8
    """Watcher to robot: as HELLO, of one that commands nothing. Payload: its nonce."""


@dataclass(frozen=True)
class Packet:
    """A packet that has passed its checks.

    Attributes:
        kind: what it is for.
        session: 0 before there is one.
        number: rises with each packet of a sender.
        payload: what it carries.
    """

    kind: Kind
    session: int
    number: int
    payload: bytes


class Codec:
    """Writes and reads packets, each way under a key.

    Args:
        key: of what is written; None: a checksum, which tells accidents but not enemies.
        theirs: of what is read; None: the same.
    """

    def __init__(self, key: bytes | None, theirs: bytes | None = None) -> None:
        self._key, self._theirs = key, key if theirs is None else theirs

    def encode(self, packet: Packet) -> bytes:
        """A datagram."""
        if len(packet.payload) > _LARGEST:
            raise ValueError(f"payload of {len(packet.payload)} bytes; allowed: {_LARGEST}")
        body = (
            _HEADER.pack(
                _MAGIC, VERSION, packet.kind, len(packet.payload), packet.session, packet.number
            )
            + packet.payload
        )
        return body + _tag(self._key, body)

    def decode(self, datagram: bytes) -> Packet | str:
        """The packet, or in a word why there is none: what came is not to be believed."""
        if len(datagram) < _HEADER.size or datagram[:4] != _MAGIC:
            return "foreign"
        _, version, kind, length, session, number = _HEADER.unpack_from(datagram)
        if version != VERSION:
            return "version"
        end = _HEADER.size + length
        tag = datagram[end:]
        expected = _tag(self._theirs, datagram[:end])
        if len(tag) != len(expected):
            return "cut"
        if not hmac.compare_digest(tag, expected):
            return "forged" if self._theirs is not None else "checksum"
        try:
            known = Kind(kind)
        except ValueError:
            return "kind"
        return Packet(known, session, number, datagram[_HEADER.size : end])


def _tag(key: bytes | None, body: bytes) -> bytes:
    if key is None:
        return zlib.crc32(body).to_bytes(4, "little")
    return hmac.digest(key, body, "sha256")[:16]


def session_keys(
    key: bytes | None, commander: bytes, robot: bytes
) -> tuple[bytes | None, bytes | None]:
    """The keys of one session: of what goes up to the robot, and of what comes down from it.

    Args:
        key: shared by both ends; None: there are none.
        commander: its nonce; a watcher's likewise.
        robot: its nonce.
    """
    if key is None:
        return None, None
    text = b"adaptive-control session" + commander + robot
    up, down = (hmac.digest(key, text + way, hashlib.sha256) for way in (b"up", b"down"))
    return up, down
