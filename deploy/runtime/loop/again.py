"""Plans a recorded run once more: the same observations, the same iterations, the same actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from deploy.runtime.loop.messages import PlannerTask
from deploy.runtime.loop.planner import PlannerCore
from deploy.runtime.loop.record import PlanRecord, TickRecord

__all__ = ["plan_again"]


def plan_again(
    records: Iterable[TickRecord], core: PlannerCore
) -> Iterator[tuple[PlanRecord, PlanRecord]]:
    """The plans of a run, each beside what `core` plans from the same.

    Args:
        records: of a whole run, from its first tick.
        core: fresh, with the bundle, planner and seed of that run.

    Yields:
        The recorded plan, and the new one. They are equal up to the rounding of another machine, as
        long as no plan is missing from the log (one that was overwritten before the shield took it
        is; their numbers then leave a gap).
    """
    records = list(records)
    plans = {
        (plan.epoch, plan.observation_sequence): plan for record in records for plan in record.plans
    }
    for record in records:
        if not record.posted:
            continue
        plan = plans.get((record.epoch, record.sequence))
        task = _task(record, plan)
        core.learn(task)
        # A planner that lags learns from all it was handed, and plans from the newest alone.
        if plan is not None:
            yield plan, core.plan(task, iterations=plan.iterations)


def _task(record: TickRecord, plan: PlanRecord | None) -> PlannerTask:
    nothing = np.zeros((0, record.command.shape[0]), np.float32)
    return PlannerTask(
        tick=record.tick,
        epoch=record.epoch,
        sequence=record.sequence,
        received_ns=record.received_ns,
        deadline_ns=0,
        first_sequence=record.sequence if plan is None else plan.first_sequence,
        transition=record.transition,
        frozen=record.frozen,
        observation=record.observation,
        applied=record.applied,
        in_flight=nothing if plan is None else plan.in_flight,
    )
