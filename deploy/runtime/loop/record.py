"""What one tick leaves behind: all that the log shows and a replay needs.

A replay feeds the same observations to the same bundle. It needs the observation, the action that
was applied, whether the planner was allowed to learn from it (`usable`, `transition`), and for each
plan the observation it started from, the commands it took to be in flight, and how many iterations
it had time for.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Mode", "PlanRecord", "TickRecord"]


class Mode(enum.Enum):
    """What the shield lets the robot do, best first."""

    NOMINAL = "nominal"
    """Fresh plans through the adapted model, or through the prior where the gate prefers it."""
    FROZEN = "frozen"
    """Fresh plans through the prior: adaptation is suspended."""
    HOLD = "hold"
    """The shifted tail of the last plan."""
    SAFE = "safe"
    """On its way to the robot's declared safe action, or there."""
    STOP = "stop"
    """The safe action until a person arms the robot again."""

    @property
    def rank(self) -> int:
        """0 for NOMINAL to 4 for STOP."""
        return _RANK[self]


_RANK = {mode: rank for rank, mode in enumerate(Mode)}


@dataclass(frozen=True, eq=False)
class PlanRecord:
    """One plan as the planner published it.

    Attributes:
        plan_id: number of the plan; grows by one with each.
        epoch: of the task; plans of an epoch that is over are void.
        observation_sequence: of the newest observation that went into it.
        first_sequence: the robot's control period in which its first action is meant to act.
        observation_ns: when that observation arrived, our monotonic clock.
        published_ns: when the plan was finished, our monotonic clock.
        actions: [H, A] float32, one for each control period from `first_sequence` on.
        in_flight: [D, A] float32, the commands taken to act before the first action.
        iterations: of the planner, that there was time for.
        frozen: adaptation was suspended by the shield.
        gate_open: the adapted model was used.
        prior_error: squared error of the prior on the newest transition; NaN without one.
        adapted_error: of the adapted model, which had not seen that transition.
        loss_before: loss of the prior on the window; NaN where the model does not say.
        loss_after: loss of the adapted model on the window; NaN likewise.
        step_norm: how far adapting moved from the prior, or would have with a gradient step that
            was shortened; NaN likewise.
        window: transitions adapted from.
        returns: what the model promises for the plan; -inf: no candidate was finite.
        adapt_s: time to adapt and gate [s].
        predict_s: time to predict the state in which the plan begins [s].
        plan_s: time to plan [s].
        late_s: how far past its deadline it was finished; 0 if in time [s].
        cpu_s: processor time it took; well under the sum of the times above, the process was
            preempted or waited [s].
    """

    plan_id: int
    epoch: int
    observation_sequence: int
    first_sequence: int
    observation_ns: int
    published_ns: int
    actions: np.ndarray
    in_flight: np.ndarray
    iterations: int
    frozen: bool = False
    gate_open: bool = False
    prior_error: float = float("nan")
    adapted_error: float = float("nan")
    loss_before: float = float("nan")
    loss_after: float = float("nan")
    step_norm: float = float("nan")
    window: int = 0
    returns: float = float("nan")
    adapt_s: float = 0.0
    predict_s: float = 0.0
    plan_s: float = 0.0
    late_s: float = 0.0
    cpu_s: float = 0.0


@dataclass(frozen=True, eq=False)
class TickRecord:
    """One tick of the shield.

    Times ending in `_ns` are of our monotonic clock, except `robot_ns`.

    Attributes:
        tick: counts the ticks of a run, from 0; a number left out is a tick that was skipped.
        due_ns: when the tick should have begun.
        started_ns: when it began.
        written_ns: when its command left; 0 if none did.
        wall_ns: the wall clock at its start, nanoseconds since 1970: for the log's reader alone.
        sequence: of the newest observation; -1 before the first.
        fresh: an observation arrived in this tick.
        usable: it passed all checks.
        transition: with the one before it, it makes a transition to learn from.
        robot_ns: the robot's clock when it measured.
        received_ns: when it arrived.
        observation: [S] float32, in the bundle's order; NaN before the first.
        applied: [A] float32, what the motors were given over the period before it.
        applied_sequence: of the command behind `applied`; -1: the robot's own safe action.
        reset: the robot started anew.
        fallen: the robot says that it has fallen.
        reward: of the period before it; NaN on a real robot.
        delay: control periods between a command and its effect, as measured.
        wanted: [A] float32, what the plan asked for; NaN without a plan.
        command: [A] float32, what was sent; in readonly mode, what would have been.
        command_sequence: its sequence; -1 if none was sent.
        armed: the robot was allowed to move by it.
        mode: of this tick.
        reason: why it is not NOMINAL; "" if it is.
        plan_id: the plan that `wanted` comes from; -1 without.
        plan_row: which of its actions.
        plan_age: control periods since the observation that it was planned from.
        plans: all plans that arrived since the tick before.
        gate_open: of that plan, as the fields below.
        prior_error: see `PlanRecord`.
        adapted_error: see `PlanRecord`.
        loss_before: see `PlanRecord`.
        loss_after: see `PlanRecord`.
        step_norm: see `PlanRecord`.
        iterations: see `PlanRecord`.
        posted: the observation was handed to the planner.
        epoch: as it was handed over; grows whenever everything learned must be forgotten.
        frozen: as it was handed over; plan with the prior, forget what was learned.
        stages: time that each stage took [s].
        miss: why the tick missed a deadline; "" if it missed none.
    """

    tick: int
    due_ns: int
    started_ns: int
    written_ns: int
    wall_ns: int
    sequence: int
    fresh: bool
    usable: bool
    transition: bool
    robot_ns: int
    received_ns: int
    observation: np.ndarray
    applied: np.ndarray
    applied_sequence: int
    reset: bool
    fallen: bool
    reward: float
    delay: int
    wanted: np.ndarray
    command: np.ndarray
    command_sequence: int
    armed: bool
    mode: Mode
    reason: str
    plan_id: int = -1
    plan_row: int = -1
    plan_age: int = -1
    plans: tuple[PlanRecord, ...] = ()
    gate_open: bool = False
    prior_error: float = float("nan")
    adapted_error: float = float("nan")
    loss_before: float = float("nan")
    loss_after: float = float("nan")
    step_norm: float = float("nan")
    iterations: int = 0
    posted: bool = False
    epoch: int = 0
    frozen: bool = False
    stages: Mapping[str, float] = field(default_factory=dict)
    miss: str = ""
