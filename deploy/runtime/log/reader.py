"""Reads our own logs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mcap.records import Channel, Message, Metadata, Schema
from mcap.stream_reader import StreamReader

from deploy.errors import DeployError
from deploy.runtime.log.text import tick_from
from deploy.runtime.log.topics import APPLIED, OBSERVATION, TICK
from deploy.runtime.log.writer import FORMAT, METADATA
from deploy.runtime.loop.record import TickRecord

__all__ = ["Log", "read_log"]

_NAMES = "names"
"""Not a record of the file: what the schemas of two topics say of their fields."""


@dataclass(frozen=True, eq=False)
class Log:
    """A log that was read.

    Attributes:
        metadata: of the run.
        records: its ticks, in order.
        whole: the file was finished; False: its end is missing.
        observation: names of the S fields, in order; none if the file does not say.
        action: names of the A fields, likewise.
    """

    metadata: Mapping[str, Any]
    records: tuple[TickRecord, ...]
    whole: bool
    observation: tuple[str, ...] = ()
    action: tuple[str, ...] = ()


def read_log(path: Path, partial: bool = False) -> Log:
    """The log in a file.

    Args:
        path: of an MCAP file that `adaptive-control run` wrote.
        partial: take what can be read of a file that breaks off.

    Raises:
        DeployError: there is none, it is not ours, of a newer format, or it breaks off.
    """
    run: Mapping[str, Any] | None = None
    records: list[TickRecord] = []
    whole = True
    names: dict[str, tuple[str, ...]] = {}
    try:
        with path.open("rb") as file:
            for kind, value in _contents(file):
                if kind == METADATA:
                    run = _run(path, value)
                elif kind == _NAMES:
                    names |= value
                else:
                    records.append(_tick(path, value))
    except OSError as error:
        raise DeployError(f"log: {path}: {error.strerror or error}") from error
    except _BrokenError as error:
        if not (partial and run is not None):
            raise DeployError(f"log: {path} breaks off or is no MCAP file ({error})") from error
        whole = False
    if run is None:
        raise DeployError(f"log: {path} was not written by adaptive-control run")
    observation, action = (names.get(topic, ()) for topic in (OBSERVATION, APPLIED))
    return Log(run, tuple(records), whole, observation, action)


def _run(path: Path, metadata: Mapping[str, str]) -> Mapping[str, Any]:
    """What the log says of its run; stands before all ticks, which another format may write anew.

    Raises:
        DeployError: it cannot be read, or is of a newer format.
    """
    try:
        version = int(metadata.get("format", "0"))
    except ValueError as error:
        raise DeployError(f"log: {path}: its metadata cannot be read ({error!r})") from error
    if version > FORMAT:
        raise DeployError(f"log: {path} has format {version}; allowed: up to {FORMAT}")
    try:
        run = json.loads(metadata["run"])
    except (KeyError, ValueError, RecursionError) as error:
        raise DeployError(f"log: {path}: its metadata cannot be read ({error!r})") from error
    if not isinstance(run, dict):
        raise DeployError(f"log: {path}: its metadata cannot be read (no table of the run)")
    return run


def _tick(path: Path, content: bytes) -> TickRecord:
    try:
        return tick_from(json.loads(content))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise DeployError(f"log: {path}: a tick cannot be read ({error!r})") from error
    except RecursionError as error:
        raise DeployError(f"log: {path}: a tick is nested too deeply") from error


class _BrokenError(Exception):
    """The file cannot be read any further."""


def _contents(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Metadata and ticks as they stand in the file, whether it has an index or not."""
    topics: dict[int, str] = {}
    schemas: dict[int, bytes] = {}
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
        elif isinstance(record, Schema):
            schemas[record.id] = record.data
        elif isinstance(record, Channel):
            topics[record.id] = record.topic
            if record.topic in (OBSERVATION, APPLIED):
                yield _NAMES, {record.topic: _names(schemas.get(record.schema_id, b""))}
        elif isinstance(record, Message) and topics.get(record.channel_id) == TICK:
            yield TICK, record.data


def _names(schema: bytes) -> tuple[str, ...]:
    """The fields of a topic, in the order in which it was written."""
    try:
        return tuple(json.loads(schema)["properties"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
