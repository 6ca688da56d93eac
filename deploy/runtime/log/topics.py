"""What a log shows in Foxglove: a topic for each thing one plots, and one with everything."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from deploy.runtime.log.text import plain, tick_to
from deploy.runtime.loop.record import TickRecord

__all__ = ["APPLIED", "OBSERVATION", "TICK", "Topics"]

OBSERVATION, APPLIED = "/observation", "/applied"
"""Topics whose schemas name the fields of the robot, in the bundle's order."""
TICK = "/tick"
"""The topic that holds all of a record; a replay reads it alone."""

_NUMBER: dict[str, Any] = {"type": ["number", "null"]}
_WORD: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}


class Topics:
    """Names, schemas, and how each message comes from a record.

    Args:
        observation: names of the S channels.
        action: names of the A channels.
    """

    def __init__(self, observation: tuple[str, ...], action: tuple[str, ...]) -> None:
        self._observation, self._action = observation, action
        timing = dict.fromkeys(("tick_ms", "late_ms", "adapt_ms", "plan_ms"), _NUMBER)
        gate = dict.fromkeys(
            ("prior_error", "adapted_error", "loss_before", "loss_after", "step_norm"), _NUMBER
        )
        self._topics: dict[str, tuple[dict[str, Any], Callable[[TickRecord], dict[str, Any]]]] = {
            OBSERVATION: (dict.fromkeys(observation, _NUMBER), self._seen),
            APPLIED: (dict.fromkeys(action, _NUMBER), self._applied),
            "/command": (dict.fromkeys(action, _NUMBER), self._command),
            "/mode": (
                {"mode": _WORD, "rank": _NUMBER, "reason": _WORD, "armed": _FLAG}, _mode,
            ),
            "/timing": ({**timing, "miss": _WORD}, _timing),
            "/gate": ({**gate, "open": _FLAG}, _gate),
            "/reward": ({"reward": _NUMBER}, lambda record: {"reward": record.reward}),
            TICK: ({}, tick_to),
        }  # fmt: skip

    def schemas(self) -> dict[str, bytes]:
        """JSON schema of each topic."""
        return {
            topic: json.dumps(
                {"type": "object", "title": topic.strip("/"), "properties": properties}
            ).encode()
            for topic, (properties, _) in self._topics.items()
        }

    def messages(self, record: TickRecord) -> dict[str, bytes]:
        """What each topic says of a tick."""
        return {
            topic: json.dumps({k: plain(v) for k, v in say(record).items()}).encode()
            if topic != TICK
            else json.dumps(say(record)).encode()
            for topic, (_, say) in self._topics.items()
        }

    # A robot that sends too few values must not end the log: that is when it is wanted.

    def _seen(self, record: TickRecord) -> dict[str, Any]:
        return dict(zip(self._observation, record.observation, strict=False))

    def _applied(self, record: TickRecord) -> dict[str, Any]:
        return dict(zip(self._action, record.applied, strict=False))

    def _command(self, record: TickRecord) -> dict[str, Any]:
        return dict(zip(self._action, record.command, strict=True))


def _mode(record: TickRecord) -> dict[str, Any]:
    return {
        "mode": record.mode.value,
        "rank": record.mode.rank,
        "reason": record.reason,
        "armed": record.armed,
    }


def _timing(record: TickRecord) -> dict[str, Any]:
    plan = record.plans[-1] if record.plans else None
    return {
        "tick_ms": (record.written_ns - record.started_ns) * 1e-6 if record.written_ns else None,
        "late_ms": (record.started_ns - record.due_ns) * 1e-6,
        "adapt_ms": None if plan is None else plan.adapt_s * 1e3,
        "plan_ms": None if plan is None else plan.plan_s * 1e3,
        "miss": record.miss,
    }


def _gate(record: TickRecord) -> dict[str, Any]:
    return {
        "open": record.gate_open,
        "prior_error": record.prior_error,
        "adapted_error": record.adapted_error,
        "loss_before": record.loss_before,
        "loss_after": record.loss_after,
        "step_norm": record.step_norm,
    }
