"""The flight recorder: the last seconds of a run, written out when something goes wrong."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from deploy.runtime.log.topics import Topics
from deploy.runtime.log.writer import McapFile
from deploy.runtime.loop.hygiene import beside
from deploy.runtime.loop.record import Mode, TickRecord

__all__ = ["FlightRecorder"]

_AFTER_S = 1.0
"""What is kept of the time after a fault, too."""

_MOST_FILES = 100
"""Of one run: a link that comes and goes for hours must not fill the disk."""


class FlightRecorder:
    """A ring of the last ticks; every fault is in a file, some time after it included.

    A fault is a change into SAFE or STOP while the robot is armed, or an exception that leaves the
    `with` block. One that comes while the file of another is due is in that file. The ring holds
    references to records that exist anyway; files are written by a thread. Where there are too many
    the oldest of this run goes, except the first, which tells how it began.

    Args:
        folder: where the files go.
        topics: what to write of each tick.
        metadata: of the run.
        dt: control period [s].
        seconds: length of the ring.
        priority: of the threads that write, in the real-time scheduling class; 0: none.
        most: files that are kept of this run, at least 2.

    Attributes:
        files: that were written, and are there.
        trouble: why one could not be; "" if all were.
    """

    def __init__(
        self, folder: Path, topics: Topics, metadata: Mapping[str, Any], dt: float,
        seconds: float = 20.0, priority: int = 0, most: int = _MOST_FILES,
    ) -> None:  # fmt: skip
        self._priority, self._most = priority, max(2, most)
        self._folder, self._topics, self._metadata = folder, topics, metadata
        self._ring: deque[TickRecord] = deque(maxlen=max(2, round(seconds / dt)))
        self._after = max(1, round(_AFTER_S / dt))
        self._due = -1
        self._mode = Mode.STOP
        self._threads: list[threading.Thread] = []
        self._listed = threading.Lock()
        self.files: list[Path] = []
        self.trouble = ""

    def record(self, record: TickRecord) -> None:
        """Take a tick."""
        self._ring.append(record)
        unsafe = (Mode.SAFE, Mode.STOP)
        changed = record.mode in unsafe and self._mode not in unsafe
        # A file that is due is not put off: faults in quick succession would leave none at all.
        if record.armed and changed and self._due < 0:
            self._due = record.tick + self._after
        self._mode = record.mode
        if 0 <= self._due <= record.tick:
            self._dump()

    def _dump(self) -> None:
        self._due = -1
        records = list(self._ring)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(records[-1].wall_ns * 1e-9))
        path = self._folder / f"fault-{stamp}-tick{records[-1].tick}.mcap"
        thread = threading.Thread(target=self._write, args=(path, records), name="faults")
        thread.start()
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]

    def _write(self, path: Path, records: list[TickRecord]) -> None:
        beside(self._priority)
        temporary = path.with_suffix(".partial")
        file = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = McapFile(temporary, self._topics, self._metadata)
            for record in records:
                file.write(record)
            file.close()
            temporary.replace(path)
            self._keep(path)
        except Exception as error:
            # Whatever it is, the run goes on and tells it at its end.
            self.trouble = f"faults: {path}: {getattr(error, 'strerror', None) or error}"
            if file is not None:
                file.abandon()
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _keep(self, path: Path) -> None:
        with self._listed:
            self.files.append(path)
            if len(self.files) > self._most:
                self.files.pop(1).unlink(missing_ok=True)

    def __enter__(self) -> FlightRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._ring and (self._due >= 0 or error is not None):
            self._dump()
        for thread in self._threads:
            thread.join()
