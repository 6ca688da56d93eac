"""The flight recorder and the MCAP log."""

from __future__ import annotations

from deploy.runtime.log.flight_recorder import FlightRecorder
from deploy.runtime.log.reader import Log, read_log
from deploy.runtime.log.stream import McapLog
from deploy.runtime.log.topics import Topics
from deploy.runtime.log.transitions import Transitions, transitions_of

__all__ = [
    "FlightRecorder", "Log", "McapLog", "Topics", "Transitions", "read_log", "transitions_of",
]  # fmt: skip
