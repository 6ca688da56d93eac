"""Writes MCAP files that Foxglove opens and `read_log` reads back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from mcap.writer import CompressionType, Writer

from deploy.runtime.log.topics import Topics
from deploy.runtime.loop.record import TickRecord

__all__ = ["FORMAT", "METADATA", "McapFile"]

FORMAT = 1
"""Version of the topics and their fields; a reader refuses a newer one."""
METADATA = "adaptive-control"
_CHUNK = 64 * 1024
"""Bytes that are written together: what a kill may cost."""


class McapFile:
    """One log file, open for writing.

    Args:
        path: where to.
        topics: what to write of each tick.
        metadata: of the run, JSON: the bundle's hashes, settings, seed.
    """

    def __init__(self, path: Path, topics: Topics, metadata: Mapping[str, Any]) -> None:
        self._topics = topics
        self._file: IO[bytes] = path.open("wb")
        self._writer = Writer(
            self._file,
            chunk_size=_CHUNK,
            compression=CompressionType.ZSTD,
            enable_data_crcs=True,
        )
        self._writer.start(profile="", library="adaptive-control")
        self._writer.add_metadata(
            METADATA, {"format": str(FORMAT), "run": json.dumps(dict(metadata))}
        )
        self._channels = {
            topic: self._writer.register_channel(
                topic, "json", self._writer.register_schema(topic.strip("/"), "jsonschema", schema)
            )
            for topic, schema in topics.schemas().items()
        }

    def write(self, record: TickRecord) -> None:
        """Append a tick."""
        for topic, message in self._topics.messages(record).items():
            self._writer.add_message(
                self._channels[topic], record.wall_ns, message, record.wall_ns, record.tick
            )

    def flush(self) -> None:
        """Hand everything over to the operating system."""
        self._writer.flush()
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        try:
            self._writer.finish()
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Close it as it is, after it could not be written."""
        with contextlib.suppress(OSError):  # what is still buffered cannot be written either
            self._file.close()
