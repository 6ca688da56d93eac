"""The times of one tick, and its record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deploy.runtime.loop.clock import Clock
from deploy.runtime.loop.intake import Sight
from deploy.runtime.loop.plans import Choice
from deploy.runtime.loop.record import PlanRecord, TickRecord

__all__ = ["Stopwatch", "record_of"]

_OF_PLAN = (
    "gate_open", "prior_error", "adapted_error", "loss_before", "loss_after", "step_norm",
    "iterations",
)  # fmt: skip


class Stopwatch:
    """Times of the stages of one tick.

    Args:
        clock: of the loop.
        due_ns: when the tick should have begun.
    """

    def __init__(self, clock: Clock, due_ns: int) -> None:
        self._clock = clock
        self.due_ns = due_ns
        self.started_ns = self.now_ns = clock.now_ns()
        self.times = {"wake": max(0, self.started_ns - due_ns) * 1e-9}
        self.written_ns = 0

    def stage(self, name: str) -> None:
        """The stage that has gone on since the last call is over."""
        now = self._clock.now_ns()
        self.times[name] = (now - self.now_ns) * 1e-9
        self.now_ns = now
        if name == "write":
            self.written_ns = now


def record_of(
    watch: Stopwatch,
    number: int,
    sight: Sight,
    choice: Choice,
    plans: Sequence[PlanRecord],
    *,
    size: int,
    **values: Any,
) -> TickRecord:
    """The record of a tick; `values` are fields of it as they are."""
    observation, plan = sight.observation, choice.plan
    if observation is not None:
        values |= {
            "sequence": observation.sequence,
            "robot_ns": observation.stamp_ns,
            "received_ns": observation.received_ns,
            "observation": observation.values,
            "applied_sequence": observation.applied_sequence,
            "reset": observation.reset,
            "fallen": observation.fallen,
            "reward": observation.reward,
        }
    else:
        nothing = np.full(size, np.nan, np.float32)
        values |= {
            "sequence": sight.newest,
            "robot_ns": 0,
            "received_ns": 0,
            "observation": nothing if sight.last is None else sight.last.values,
            "applied_sequence": -1,
            "reset": False,
            "fallen": False,
            "reward": float("nan"),
        }
    if plan is not None:
        values |= {name: getattr(plan, name) for name in _OF_PLAN}
        values |= {
            "plan_id": plan.plan_id,
            "plan_row": choice.row,
            "plan_age": sight.newest - plan.observation_sequence,
        }
    return TickRecord(
        tick=number,
        due_ns=watch.due_ns,
        started_ns=watch.started_ns,
        written_ns=watch.written_ns if values["command_sequence"] >= 0 else 0,
        fresh=observation is not None,
        usable=sight.usable,
        transition=sight.transition,
        plans=tuple(plans),
        stages=watch.times,
        **values,
    )
