r"""The gate: whether to trust the adapted context, robot by robot.

Adaptation can make a model worse. Each new transition is therefore predicted *before* it enters the
window, by the prior and by the context adapted the step before, which has not seen it: an honest
test, for which no transition has to be held back. With $e$ the squared errors of these predictions,

$$\bar e \leftarrow (1-\alpha)\,\bar e + \alpha\,e, \qquad
\text{open} \iff \bar e_{adapted} \le margin \cdot \bar e_{prior}$$

with $\alpha = 1/\tau$, averaged evenly over the first $\tau$ transitions. The gate is closed until
enough transitions were seen, whenever the adapted context is not finite, and where its errors
average the limit that they count at most. All is pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from array_api_compat import array_namespace, device

from controllers.arrays import Array, choose, like
from controllers.errors import require
from controllers.model import Context

__all__ = [
    "GateConfig",
    "GateState",
    "gate_open",
    "reset_gate",
    "select_context",
    "start_gate",
    "update_gate",
]

_FULL = 0.999
"""Share of the error limit from which an average is at it: it comes near but, by rounding, may
never arrive."""


@dataclass(frozen=True, kw_only=True)
class GateConfig:
    """When the adapted context is used.

    Attributes:
        mode: "auto" by its errors; "open" whenever it is finite; "closed" never.
        time_constant: tau, control steps that the errors are averaged over.
        margin: the adapted error may be this many times the prior's.
        min_transitions: transitions predicted before the gate may open.
        error_limit: errors count as at most this much, so that one collision is not remembered
            for long and a prediction that is not finite counts as very bad.
    """

    mode: Literal["auto", "open", "closed"] = "auto"
    time_constant: float = 10.0
    margin: float = 1.0
    min_transitions: int = 2
    error_limit: float = 100.0

    def __post_init__(self) -> None:
        modes = ("auto", "open", "closed")
        require(self.mode in modes, "gate.mode", self.mode, ", ".join(modes))
        require(
            1 <= self.time_constant <= 1e6, "gate.time_constant", self.time_constant, "1 to 1e6"
        )
        require(0 < self.margin <= 1e6, "gate.margin", self.margin, "above 0 to 1e6")
        least = self.min_transitions
        require(least >= 1, "gate.min_transitions", least, "integers from 1")
        limit = self.error_limit
        require(0 < limit <= 1e12, "gate.error_limit", limit, "above 0 to 1e12")


class GateState(NamedTuple):
    """What the gate remembers.

    Attributes:
        prior_error: `[B]`, averaged squared error of the prior.
        adapted_error: `[B]`, of the adapted context.
        count: `[B]`, transitions averaged over.
    """

    prior_error: Array
    adapted_error: Array
    count: Array


def start_gate(batch: int, reference: Array) -> GateState:
    """A gate that has seen nothing, of the namespace, type and device of `reference`."""
    xp = array_namespace(reference)
    zeros = xp.zeros((batch,), dtype=reference.dtype, device=device(reference))
    return GateState(zeros, zeros, zeros)


def reset_gate(state: GateState, which: Array) -> GateState:
    """The gate with the robots where `which` `[B]` bool holds forgotten."""
    xp = array_namespace(state.count)
    return GateState(*(choose(which, xp.zeros_like(old), old) for old in state))


def update_gate(
    config: GateConfig,
    state: GateState,
    prior_error: Array,
    adapted_error: Array,
    valid: Array | None = None,
) -> GateState:
    """Take in the errors on one more transition.

    Args:
        config: settings.
        state: the gate so far.
        prior_error: `[B]`, squared error of the prior's prediction.
        adapted_error: `[B]`, of the prediction with the adapted context.
        valid: `[B]` bool, robots whose transition counts; default all.
    """
    xp = array_namespace(state.count)
    count = state.count + 1
    rate = xp.maximum(1 / count, like(1 / config.time_constant, count))
    limit = like(config.error_limit, count)

    def averaged(old: Array, error: Array) -> Array:
        bounded = xp.where(error < limit, error, limit)  # NaN compares False: the limit
        return old + rate * (bounded - old)

    new = GateState(
        averaged(state.prior_error, prior_error),
        averaged(state.adapted_error, adapted_error),
        count,
    )
    if valid is None:
        return new
    return GateState(*(choose(valid, n, old) for n, old in zip(new, state, strict=True)))


def gate_open(config: GateConfig, state: GateState, finite: Array) -> Array:
    """Which robots use their adapted context.

    Args:
        config: settings.
        state: the gate.
        finite: `[B]` bool, robots whose adapted context is finite.

    Returns:
        `[B]` bool.
    """
    if config.mode == "closed":
        return finite & ~finite
    if config.mode == "open":
        return finite
    enough = state.count >= config.min_transitions
    better = state.adapted_error <= config.margin * state.prior_error
    # Averages at the limit tie, however bad: where the prior is there too, the adapted may be NaN.
    usable = state.adapted_error < like(_FULL * config.error_limit, state.adapted_error)
    return finite & enough & better & usable


def select_context(is_open: Array, adapted: Context, prior: Context) -> Context:
    """Robot by robot, the adapted context where the gate is open, else the prior."""
    return tuple(choose(is_open, a, p) for a, p in zip(adapted, prior, strict=True))
