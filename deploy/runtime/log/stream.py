"""The log of a run: ticks go into a queue, a thread writes them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.errors import DeployError
from deploy.runtime.log.topics import Topics
from deploy.runtime.log.writer import McapFile
from deploy.runtime.loop.hygiene import beside
from deploy.runtime.loop.record import TickRecord

__all__ = ["McapLog"]

_WAITING = 4096
"""Ticks that may wait to be written: minutes at any control period."""
_FLUSH_S = 1.0


class McapLog:
    """An MCAP file, written off the loop; a disk that is slow or full never holds up a tick.

    Args:
        path: of the file.
        topics: what to write of each tick.
        metadata: of the run.
        priority: of the thread that writes, in the real-time scheduling class; 0: none.

    Attributes:
        trouble: why the file is not whole; "" if it is.

    Raises:
        DeployError: the file cannot be opened.
    """

    def __init__(
        self, path: Path, topics: Topics, metadata: Mapping[str, Any], priority: int = 0
    ) -> None:
        self.trouble = ""
        self._priority = priority
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = McapFile(path, topics, metadata)
        except OSError as error:
            raise DeployError(f"log: {path}: {error.strerror or error}") from error
        self._queue: queue.Queue[TickRecord | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def record(self, record: TickRecord) -> None:
        """Take a tick.

        Raises:
            DeployError: the file cannot be written any more.
        """
        if self.trouble:
            raise DeployError(self.trouble)
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            self.trouble = f"log: {_WAITING} ticks wait to be written; the disk does not keep up"
            raise DeployError(self.trouble) from None

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what waits, and finish the file; `trouble` tells if that failed."""
        try:
            self._queue.put(None, timeout=timeout_s)
        except queue.Full:
            self.trouble = self.trouble or "log: the writer hangs"
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self.trouble = self.trouble or "log: the writer hangs"

    def _write(self) -> None:
        beside(self._priority)
        flushed = time.monotonic()
        try:
            while (record := self._queue.get()) is not None:
                self._file.write(record)
                if time.monotonic() - flushed > _FLUSH_S:
                    self._file.flush()
                    flushed = time.monotonic()
            self._file.close()
        except Exception as error:
            # Whatever it is, it must not end the run; the run tells it at its end.
            self.trouble = f"log: {getattr(error, 'strerror', None) or error}"
            self._file.abandon()
