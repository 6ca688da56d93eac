"""Memory that two processes share: rings of records, each under a sequence lock.

The writer never waits, whatever the reader does or whether it still lives. A slot holds

    count   odd while it is being written, 2 * (record's number + 1) when whole
    check   checksum of the data
    data    one record

The reader copies the data and believes the copy if the count was right before and after, and the
checksum fits: Python has no memory barriers, so on processors that reorder stores the count alone
would not do. The memory is a file without a name; it is gone when both processes are, however they
end.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import zlib

import numpy as np

__all__ = ["Ring", "Shared"]


class Shared:
    """A block of memory that a child process may inherit by its file descriptor.

    Args:
        size: bytes; 0: as large as the inherited file.
        descriptor: of the inherited file; None makes a new one.
    """

    def __init__(self, size: int, descriptor: int | None = None) -> None:
        if descriptor is None:
            if hasattr(os, "memfd_create"):
                descriptor = os.memfd_create("adaptive-control")
            else:
                with tempfile.TemporaryFile() as file:
                    descriptor = os.dup(file.fileno())
            os.ftruncate(descriptor, size)
        self.descriptor = descriptor
        self.buffer = mmap.mmap(descriptor, size or os.fstat(descriptor).st_size)

    def close(self) -> None:
        """Let go of the file; the memory itself stays until nothing refers to it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class Ring:
    """The newest records of one writer, for one reader.

    Args:
        memory: shared memory.
        offset: of the ring in it [bytes], a multiple of 8.
        data: type of a record.
        slots: records kept.
    """

    def __init__(self, memory: Shared, offset: int, data: np.dtype, slots: int) -> None:
        self._data = data
        self._slots = np.frombuffer(memory.buffer, self._slot(data), slots, offset + 8)
        self._head = np.frombuffer(memory.buffer, np.uint64, 1, offset)

    @staticmethod
    def _slot(data: np.dtype) -> np.dtype:
        # Bytes, not fields: copying fields would leave out what lies between them, and the checksum
        # counts that as well.
        raw = np.uint8, (data.itemsize,)
        return np.dtype([("count", np.uint64), ("check", np.uint64), ("data", *raw)], align=True)

    @classmethod
    def size(cls, data: np.dtype, slots: int) -> int:
        """Bytes that the ring takes, a multiple of 8."""
        return (8 + slots * cls._slot(data).itemsize + 7) // 8 * 8

    @property
    def head(self) -> int:
        """Records written so far."""
        return int(self._head[0])

    @property
    def slots(self) -> int:
        """Records kept."""
        return self._slots.shape[0]

    def write(self, record: np.ndarray) -> None:
        """Add a record, a structured array of shape ()."""
        number = self.head
        slot = self._slots[number % self.slots]
        slot["count"] = 2 * number + 1
        raw = record.tobytes()
        slot["check"] = zlib.crc32(raw)
        slot["data"] = np.frombuffer(raw, np.uint8)
        slot["count"] = 2 * number + 2
        self._head[0] = number + 1

    def read(self, number: int) -> np.ndarray | None:
        """Record `number`, or None if it is not whole, not there yet, or no longer there."""
        slot = self._slots[number % self.slots]
        if slot["count"] != 2 * number + 2:
            return None
        raw = slot["data"].tobytes()
        whole = slot["count"] == 2 * number + 2 and slot["check"] == zlib.crc32(raw)
        return np.frombuffer(raw, self._data)[0] if whole else None
