"""The checksum of Unitree's low-level messages.

CRC-32 with the polynomial 0x04C11DB7, from 0xFFFFFFFF, bits not reflected, result not inverted
(CRC-32/MPEG-2), over the 32-bit words of the message as a C structure, each word's highest bit
first, all but the last word, which is the checksum itself. Source: `crc32_core` of unitree_sdk2.

zlib's CRC-32 has the same polynomial with its bits reflected. Reflect what goes in and what comes
out, and it is the one that is wanted, at the speed of C.
"""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["crc32_mpeg2", "word_checksum"]

_REFLECTED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def crc32_mpeg2(data: bytes) -> int:
    """CRC-32/MPEG-2 of some bytes."""
    reflected = zlib.crc32(data.translate(_REFLECTED)) ^ 0xFFFFFFFF
    return int.from_bytes(reflected.to_bytes(4, "little").translate(_REFLECTED), "big")


def word_checksum(structure: bytes) -> int:
    """Checksum of a little-endian structure whose last word is the place of its checksum."""
    words = np.frombuffer(structure, "<u4")[:-1]
    return crc32_mpeg2(words.byteswap().tobytes())
