"""What shield and planner tell each other, as objects and as records in shared memory."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from deploy.runtime.loop.flight import MOST_IN_FLIGHT
from deploy.runtime.loop.record import PlanRecord

__all__ = ["PlannerTask", "Shapes"]


@dataclass(frozen=True, eq=False)
class PlannerTask:
    """One observation for the planner, and what it shall do with it.

    Attributes:
        tick: of the shield.
        epoch: grows whenever everything learned so far must be forgotten.
        sequence: the observation's.
        received_ns: when it arrived.
        deadline_ns: when the plan must be there.
        first_sequence: control period of the robot in which the plan begins.
        transition: it makes a transition with the task before.
        frozen: plan with the prior and forget what was learned.
        observation: [S] float32.
        applied: [A] float32, what the motors were given since the observation before.
        in_flight: [D, A] float32, commands that act before the plan begins.
    """

    tick: int
    epoch: int
    sequence: int
    received_ns: int
    deadline_ns: int
    first_sequence: int
    transition: bool
    frozen: bool
    observation: np.ndarray
    applied: np.ndarray
    in_flight: np.ndarray


class Shapes:
    """Types of the records, for one robot and planner.

    Args:
        observation: S.
        action: A.
        horizon: H.
    """

    def __init__(self, observation: int, action: int, horizon: int) -> None:
        arrays = {
            "observation": (observation,),
            "applied": (action,),
            "in_flight": (MOST_IN_FLIGHT, action),
            "actions": (horizon, action),
        }

        def record(message: type) -> np.dtype:
            kinds = {"int": np.int64, "float": np.float64, "bool": np.bool_}
            columns: list = [("flying", np.int64)]
            for field in fields(message):
                if field.name in arrays:
                    columns.append((field.name, np.float32, arrays[field.name]))
                else:
                    columns.append((field.name, kinds[str(field.type)]))
            return np.dtype(columns, align=True)

        self.task = record(PlannerTask)
        self.plan = record(PlanRecord)

    def pack(self, message: PlannerTask | PlanRecord) -> np.ndarray:
        """A message as a record of shape ()."""
        record = np.zeros((), self.task if isinstance(message, PlannerTask) else self.plan)
        count = message.in_flight.shape[0]
        record["flying"] = count
        for field in fields(message):
            if field.name == "in_flight":
                record["in_flight"][:count] = message.in_flight
            else:
                record[field.name] = getattr(message, field.name)
        return record

    def task_of(self, record: np.ndarray) -> PlannerTask:
        """The task in a record."""
        return PlannerTask(**_unpacked(PlannerTask, record))

    def plan_of(self, record: np.ndarray) -> PlanRecord:
        """The plan in a record."""
        return PlanRecord(**_unpacked(PlanRecord, record))


def _unpacked(message: type, record: np.ndarray) -> dict:
    values = {}
    for field in fields(message):
        value = record[field.name]
        values[field.name] = value.copy() if value.shape else value.item()
    values["in_flight"] = values["in_flight"][: int(record["flying"])]
    return values
