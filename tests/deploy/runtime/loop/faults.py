"""Runs in virtual time in which all is well up to a fault, and how they should go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from controllers.window import Window
from deploy.runtime.link.base import Observation
from deploy.runtime.loop.record import Mode, TickRecord
from tests.deploy.runtime.loop.fakes import (
    SAFE,
    Fault,
    Rig,
    SledModel,
    Voice,
    fine,
    rig,
    run_logged,
)

ONSET = 60
"""Number of the first observation that the fault touches; observation n comes in tick n."""

HOLD_TICKS = 5
THAW_TICKS = 20


class At:
    """Does something at the end of one tick."""

    def __init__(self, tick: int, act: Callable[[], None]) -> None:
        self.tick, self.act = tick, act

    def record(self, record: TickRecord) -> None:
        if record.tick == self.tick:
            self.act()


def from_onset(change: Callable[[Observation], Observation], count: int = 10**6) -> Fault:
    """A fault of the contents, for `count` observations."""

    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        touched = ONSET <= observation.sequence < ONSET + count
        return [(0, change(observation) if touched else observation)]

    return fault


def run(fault: Fault = fine, **options: Any) -> Rig:
    """Run to the end with somebody present; the log is whole, and no bad command may leave."""
    options.setdefault("person", Voice({}))
    made = rig(fault, **options)
    run_logged(made)
    modes = made.modes()
    assert set(modes[5:ONSET]) == {Mode.NOMINAL}, "all is well before the fault"
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)
    return made


def stopped(made: Rig, tick: int, words: str) -> None:
    """HOLD from `tick` on, SAFE after five more ticks, then STOP to the end."""
    modes = made.modes()
    assert modes[tick - 1] in (Mode.NOMINAL, Mode.FROZEN)
    assert set(modes[tick : tick + HOLD_TICKS]) == {Mode.HOLD}
    safe = made.first(Mode.SAFE)
    assert safe.tick == tick + HOLD_TICKS
    assert words in safe.reason
    settled = next(
        record for record in made.log.records[safe.tick :] if (record.command == SAFE).all()
    )
    assert settled.tick <= safe.tick + 13, "a ramp of a quarter of a second"
    assert set(modes[settled.tick + 1 :]) == {Mode.STOP}


def recovered(made: Rig, tick: int, bad: int, *, doubtful: bool) -> None:
    """HOLD for `bad` ticks from `tick` on, then NOMINAL, after FROZEN if the data was doubtful."""
    modes = made.modes()
    assert set(modes[tick : tick + bad]) == {Mode.HOLD}
    frozen = THAW_TICKS - 1 if doubtful else 0
    assert set(modes[tick + bad : tick + bad + frozen]) <= {Mode.FROZEN}
    assert set(modes[tick + bad + frozen :]) == {Mode.NOMINAL}


class Broken(SledModel):
    """A model that breaks after some calls of one of its methods."""

    def __init__(self, method: str, value: float, calls: int = 2 * ONSET) -> None:
        self.method, self.value, self.left = method, value, calls

    def _value(self, method: str, result: Any) -> Any:
        if method == self.method:
            self.left -= 1
            if self.left < 0:
                return result * 0 + self.value
        return result

    def adapt(self, window: Window) -> Any:
        return (self._value("adapt", super().adapt(window)[0]),)

    def returns(self, context: Any, observation: Any, actions: Any, lookahead: Any = None) -> Any:
        return self._value("returns", super().returns(context, observation, actions, lookahead))
