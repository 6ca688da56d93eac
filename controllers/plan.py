"""The plan: what a planner knows between two iterations, and the words for its shapes.

| symbol | meaning |
|---|---|
| `B` | robots planned for side by side |
| `N` | candidate action sequences |
| `H` | planning horizon, in control steps |
| `E` | elites: the candidates with the highest returns |
| `S`, `A` | observation size, action size |

A *return* is the reward summed over the horizon that a model promises. `-inf` means "not known".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal

from controllers.arrays import Array, bounded, choose

__all__ = ["Execute", "Plan", "Score", "choose_plan"]

Score = Callable[[Array], Array]
"""`actions [B, N, H, A] -> returns [B, N]`, the promise of a model; higher is better."""

Execute = Literal["mean", "best"]
"""Which sequence is executed: the (elite or weighted) mean, or the best candidate seen."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A distribution over action sequences, and the best of them so far. Never changed in place.

    Attributes:
        mean: `[B, H, A]`, inside the limits.
        std: `[B, H, A]`, standard deviation of the next candidates around the mean.
        returns: `[B]`, estimated return of `mean`; -inf before the first `improve`, after `shift`,
            and where no candidate had a finite return.
        best: `[B, H, A]`, the candidate with the highest return since the last `shift`.
        best_returns: `[B]`, its return; -inf where nothing has been measured yet.
        kept: `[B, K, H, A]`, elites that the next iteration tries again (K = 0 unless iCEM).
        kept_valid: `[B, K]` bool, which of these slots hold one.
        action_low: `[A]`, lower action limits.
        action_high: `[A]`, upper action limits.
        iteration: iterations since `start` or the last `shift`, the same for all robots.
        execute: which sequence `action` is taken from.
    """

    mean: Array
    std: Array
    returns: Array
    best: Array
    best_returns: Array
    kept: Array
    kept_valid: Array
    action_low: Array
    action_high: Array
    iteration: int = 0
    execute: Execute = "mean"

    @property
    def sequence(self) -> Array:
        """The action sequence to execute, `[B, H, A]`, inside the limits."""
        chosen = self.best if self.execute == "best" else self.mean
        return bounded(chosen, self.action_low, self.action_high)

    @property
    def action(self) -> Array:
        """The action to execute now, `[B, A]`, inside the limits."""
        return self.sequence[:, 0]


_PER_ROBOT = ("mean", "std", "returns", "best", "best_returns", "kept", "kept_valid")


def choose_plan(mask: Array, then: Plan, otherwise: Plan) -> Plan:
    """Robot by robot, `then` where `mask` `[B]` holds, else `otherwise`.

    Limits, iteration count and `execute` are shared by the batch and come from `otherwise`.
    """
    values: dict[str, Any] = {f.name: getattr(otherwise, f.name) for f in fields(Plan)}
    for name in _PER_ROBOT:
        values[name] = choose(mask, getattr(then, name), getattr(otherwise, name))
    return Plan(**values)
