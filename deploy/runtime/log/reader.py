"""Reads our own logs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mcap.records import Channel, Message, Metadata
from mcap.stream_reader import StreamReader

from deploy.errors import DeployError
from deploy.runtime.log.text import tick_from
from deploy.runtime.log.topics import TICK
from deploy.runtime.log.writer import FORMAT, METADATA
from deploy.runtime.loop.record import TickRecord

__all__ = ["Log", "read_log"]


@dataclass(frozen=True, eq=False)
class Log:
    """A log that was read.

    Attributes:
        metadata: of the run.
        records: its ticks, in order.
        whole: the file was finished; False: its end is missing.
    """

    metadata: Mapping[str, Any]
    records: tuple[TickRecord, ...]
    whole: bool


def read_log(path: Path, partial: bool = False) -> Log:
    """The log in a file.

    Args:
        path: of an MCAP file that `adaptive-control run` wrote.
        partial: take what can be read of a file that breaks off.

    Raises:
        DeployError: there is none, it is not ours, of a newer format, or it breaks off.
    """
    metadata: dict[str, str] = {}
    records: list[TickRecord] = []
    whole = True
    try:
        with path.open("rb") as file:
            for kind, value in _contents(file):
                if kind == METADATA:
                    metadata = value
                else:
                    records.append(tick_from(json.loads(value)))
    except OSError as error:
        raise DeployError(f"log: {path}: {error.strerror or error}") from error
    except _BrokenError as error:
        if not (partial and metadata):
            raise DeployError(f"log: {path} breaks off or is no MCAP file ({error})") from error
        whole = False
    except (KeyError, TypeError, ValueError) as error:
        raise DeployError(f"log: {path}: a tick cannot be read ({error!r})") from error
    if not metadata:
        raise DeployError(f"log: {path} was not written by adaptive-control run")
    try:
        version, run = int(metadata.get("format", "0")), json.loads(metadata["run"])
    except (KeyError, ValueError) as error:
        raise DeployError(f"log: {path}: its metadata cannot be read ({error!r})") from error
    if version > FORMAT:
        raise DeployError(f"log: {path} has format {version}; allowed: up to {FORMAT}")
    return Log(run, tuple(records), whole)


class _BrokenError(Exception):
    """The file cannot be read any further."""


def _contents(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Metadata and ticks as they stand in the file, whether it has an index or not."""
    topics: dict[int, str] = {}
    records = iter(StreamReader(file, validate_crcs=True).records)
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except Exception as error:
            # Of a damaged file the reader, its decompressor and struct each say it their own way.
            raise _BrokenError(repr(error)) from error
        if isinstance(record, Metadata) and record.name == METADATA:
            yield METADATA, record.metadata
        elif isinstance(record, Channel):
            topics[record.id] = record.topic
        elif isinstance(record, Message) and topics.get(record.channel_id) == TICK:
            yield TICK, record.data
