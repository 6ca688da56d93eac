"""Packets between the runtime and a robot, one to a datagram.

    magic "ADCL" | version 1 | kind 1 | length 2 | session 8 | number 8 | payload | tag

Little endian. `number` counts the packets of one sender in one session and only rises, so a packet
that comes twice or late is known. The tag is a CRC-32 (4 bytes), or, with a shared key, the first
16 bytes of an HMAC-SHA256; in both cases over all that stands before it. Each session has a key of
its own, made from the shared one and a number that each side draws: packets of an earlier session
mean nothing in this one.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import struct
import zlib
from dataclasses import dataclass

__all__ = ["Codec", "Kind", "Packet", "session_key"]

_HEADER = struct.Struct("<4sBBHQQ")
_MAGIC = b"ADCL"
VERSION = 1
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
    """Writes and reads packets under one key.

    Args:
        key: shared secret; None: a checksum, which tells accidents but not enemies.
    """

    def __init__(self, key: bytes | None) -> None:
        self._key = key

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
        return body + self._tag(body)

    def decode(self, datagram: bytes) -> Packet | str:
        """The packet, or in a word why there is none: what came is not to be believed."""
        if len(datagram) < _HEADER.size or datagram[:4] != _MAGIC:
            return "foreign"
        _, version, kind, length, session, number = _HEADER.unpack_from(datagram)
        if version != VERSION:
            return "version"
        end = _HEADER.size + length
        tag = datagram[end:]
        if len(tag) != self._tag_size:
            return "cut"
        if not hmac.compare_digest(tag, self._tag(datagram[:end])):
            return "forged" if self._key is not None else "checksum"
        try:
            known = Kind(kind)
        except ValueError:
            return "kind"
        return Packet(known, session, number, datagram[_HEADER.size : end])

    @property
    def _tag_size(self) -> int:
        return 4 if self._key is None else 16

    def _tag(self, body: bytes) -> bytes:
        if self._key is None:
            return zlib.crc32(body).to_bytes(4, "little")
        return hmac.digest(self._key, body, "sha256")[:16]


def session_key(key: bytes | None, ours: bytes, theirs: bytes) -> bytes | None:
    """The key of one session, from the shared key and the nonces of commander and robot."""
    if key is None:
        return None
    return hmac.digest(key, b"adaptive-control session" + ours + theirs, hashlib.sha256)
