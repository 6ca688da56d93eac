"""What the MPC agent decided in one control step, and how it came to it."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.arrays import Array

__all__ = ["Decision"]


@dataclass(frozen=True, eq=False)
class Decision:
    """What the agent decided in one control step.

    Attributes:
        action: `[B, A]`, inside the limits.
        gate_open: `[B]` bool, whether the adapted context was used.
        prior_error: `[B]`, squared error of the prior on the newest transition; NaN before one.
        adapted_error: `[B]`, of the context that was adapted before that transition was known.
        returns: `[B]`, estimated return of the plan; -inf where no candidate was finite.
        adapt_s: time to adapt and gate, all robots together [s].
        plan_s: time to plan, all robots together [s].
        predict_s: time to predict where the plan begins, all robots together [s].
        iterations: of the planner.
    """

    action: Array
    gate_open: Array
    prior_error: Array
    adapted_error: Array
    returns: Array
    adapt_s: float
    plan_s: float
    predict_s: float = 0.0
    iterations: int = 0
