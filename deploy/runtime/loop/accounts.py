"""Keeps account of a run: times, missed deadlines and why, modes, return."""

from __future__ import annotations

import math
import re
from collections import Counter, OrderedDict
from typing import Any

from deploy.runtime.loop.record import Mode, PlanRecord, TickRecord
from deploy.runtime.loop.settings import Limits, LoopSettings
from deploy.runtime.loop.statistics import Miss, Misses, TimesTable

__all__ = ["Accounts"]

MOST_CHANGES = 1000
"""Mode changes listed."""

SLOW_WAKE = 0.1
"""Part of the period; a tick that begins later blames its own waking for what it misses."""

NUMBERS = re.compile(r"[\d.]+")

WAITING = 64
"""Missed plans that may still arrive and explain themselves."""


class Accounts:
    """What the summary of a run says.

    Args:
        limits: of the robot.
        settings: of the loop.
    """

    def __init__(self, limits: Limits, settings: LoopSettings) -> None:
        self._limits, self._settings = limits, settings
        self._times, self._warm_up = TimesTable(), TimesTable()
        self._misses = Misses()
        self._late: OrderedDict[int, int] = OrderedDict()
        self._changes: list[dict[str, Any]] = []
        self._in_mode: Counter[str] = Counter()
        self._last: TickRecord | None = None
        self._first_ns = 0
        self.ticks = 0
        self.skipped = 0
        self.steps = 0
        self._return = 0.0
        self._gate_open = 0

    def take(self, record: TickRecord) -> str:
        """Take in a tick; returns why it missed a deadline, "" if it missed none."""
        last, self._last = self._last, record
        self._first_ns = self._first_ns or record.started_ns
        self.ticks += 1
        self._in_mode[record.mode.value] += 1
        self._gate_open += record.gate_open
        if last is None or (last.mode, last.reason) != (record.mode, record.reason):
            self._note_mode(record, last)
        if record.fresh and record.applied_sequence >= 0 and record.reward == record.reward:
            self.steps += 1
            self._return += record.reward
        for plan in record.plans:
            self._explain(plan)
        warm = self.ticks > self._settings.warmup_ticks
        self._time(record, last, self._times if warm else self._warm_up)
        if not (record.armed or self._settings.readonly):
            return ""
        return self._miss(record, last)

    def skip(self, ticks: int, record: TickRecord) -> None:
        """Take in that `ticks` ticks after `record` were skipped."""
        if ticks <= 0:
            return
        self.skipped += ticks
        if record.armed or self._settings.readonly:
            cause = f"{ticks} skipped after a tick that {self._why(record)}"
            self._misses.add(Miss(record.tick + 1, "shield", cause), ticks)

    def _note_mode(self, record: TickRecord, last: TickRecord | None) -> None:
        changed = last is None or last.mode is not record.mode
        if last is not None and record.mode is Mode.STOP:
            # Why it was not armed. One that only counts on ("2 control periods old", "3 ...") is
            # not worth a line.
            changed = changed or _wordy(last.reason) != _wordy(record.reason)
        if changed and len(self._changes) < MOST_CHANGES:
            self._changes.append(
                {"tick": record.tick, "mode": record.mode.value, "reason": record.reason}
            )

    def _time(self, record: TickRecord, last: TickRecord | None, times: TimesTable) -> None:
        for stage, seconds in record.stages.items():
            times.add(stage, seconds)
        times.add("tick", sum(record.stages.values()) - record.stages["wake"])
        if last is not None:
            period = record.started_ns - last.started_ns
            due = record.due_ns - last.due_ns
            times.add("jitter", abs(period - due) * 1e-9)
        for plan in record.plans:
            times.add("adapt", plan.adapt_s)
            times.add("predict", plan.predict_s)
            times.add("plan", plan.plan_s)
            times.add("planner", plan.adapt_s + plan.predict_s + plan.plan_s)

    def _miss(self, record: TickRecord, last: TickRecord | None) -> str:
        settings = self._settings
        causes = []
        latest = 0.5 if settings.lead else min(1.0, settings.answer_by + 0.1)
        if record.written_ns - record.due_ns > latest * self._limits.dt_ns:
            causes.append(Miss(record.tick, "shield", self._why(record)))
        asked = record if settings.lead == 0 else last
        known = asked is not None and asked.usable and record.usable
        if known and record.plan_age > settings.lead and record.plan_row >= 0:
            why = record.reason if record.mode is Mode.HOLD else "no plan in time"
            causes.append(Miss(record.tick, "planner", why))
        for miss in causes:
            if miss.who == "planner":
                self._late[record.sequence - settings.lead] = len(self._misses.listed)
                while len(self._late) > WAITING:
                    self._late.popitem(last=False)
            self._misses.add(miss)
        return "; ".join(f"{miss.who}: {miss.cause}" for miss in causes)

    def _why(self, record: TickRecord) -> str:
        if record.stages["wake"] > SLOW_WAKE * self._limits.dt:
            return f"woke {1e3 * record.stages['wake']:.1f} ms late"
        stage, seconds = max(record.stages.items(), key=lambda item: item[1])
        return f"spent {1e3 * seconds:.1f} ms in {stage}"

    def _explain(self, plan: PlanRecord) -> None:
        """A plan that was missed has arrived after all, and says what took it so long."""
        index = self._late.pop(plan.observation_sequence, None)
        if index is None:
            return
        busy = plan.adapt_s + plan.predict_s + plan.plan_s
        if plan.late_s >= busy:
            why = "it was asked for too late"
        elif plan.cpu_s < 0.7 * busy:
            why = "the process did not get its core"
        elif plan.iterations <= 1:
            why = "one iteration takes longer than there is"
        else:
            why = "an iteration took longer than those before"
        self._misses.explain(
            index,
            f"{1e3 * plan.late_s:.1f} ms late after {1e3 * busy:.1f} ms, of which "
            f"{1e3 * plan.cpu_s:.1f} ms on a core: {why}",
        )

    @property
    def rate(self) -> float:
        """Ticks a second, the whole run through [Hz]; NaN of less than two."""
        elapsed = self._last.started_ns - self._first_ns if self._last is not None else 0
        return (self.ticks - 1) / (elapsed * 1e-9) if elapsed > 0 else math.nan

    @property
    def total(self) -> float:
        """The return so far."""
        return self._return

    @property
    def misses(self) -> dict[str, int]:
        """Missed deadlines so far, by "shield" and "planner"."""
        return self._misses.counts

    def times_of(self, stage: str) -> tuple[float, ...]:
        """p50, p95, p99 and greatest time of a stage so far [ms]; NaN of none."""
        return self._times.of(stage)

    def summary(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "ticks": self.ticks,
            "skipped": self.skipped,
            "rate": self.rate,
            "misses": self._misses.summary(),
            "stages_ms": self._times.summary(),
            "warm_up": {
                "ticks": min(self.ticks, self._settings.warmup_ticks),
                "stages_ms": self._warm_up.summary(),
            },
            "modes": self._changes,
            "ticks_in_mode": dict(self._in_mode),
            "gate_open": self._gate_open / self.ticks if self.ticks else 0.0,
            "steps": self.steps,
            "return": self._return,
        }


def _wordy(reason: str) -> str:
    return NUMBERS.sub("", reason)
