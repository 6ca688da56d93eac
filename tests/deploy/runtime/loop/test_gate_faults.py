"""Adaptation that goes wrong, in virtual time: the gate closes, and the prior plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from controllers.window import Window
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import SledModel, Voice, rig, run_logged, sled_agent
from tests.deploy.runtime.loop.faults import ONSET, Broken, run


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_an_adapted_context_that_is_wrong_is_not_used(value: float) -> None:
    model = Broken("adapt", value, calls=ONSET)
    made = run(agent=sled_agent(model=model), robot={"gain": 0.6})
    before = made.log.records[ONSET - 20 : ONSET - 2]
    assert any(record.gate_open for record in before), "it pays to adapt to a weak motor"
    after = made.log.records[ONSET + 2 :]
    assert not any(record.gate_open for record in after)
    assert {record.mode for record in after} == {Mode.NOMINAL}, "the prior still plans"


@dataclass
class Report:
    loss_before: float
    loss_after: float
    step_norm: float


class Telling(SledModel):
    """A model that tells how its adaptation went."""

    def __init__(self, report: Callable[[int], Report]) -> None:
        self.report, self.calls = report, -1

    @property
    def last_adaptation(self) -> Report:
        return self.report(self.calls)

    def adapt(self, window: Window) -> Any:
        self.calls += 1
        return super().adapt(window)


@pytest.mark.parametrize(
    "wrong",
    [
        Report(1.0, 0.5, 100.0),
        Report(1.0, 2.5, 1.0),
        Report(1.0, 0.5, np.inf),
        Report(1, np.nan, 1),
    ],
)
def test_an_unsound_step_is_not_used_even_once(wrong: Report) -> None:
    model = Telling(lambda call: wrong if call == ONSET else Report(1.0, 0.5, 1.0))
    made = run(agent=sled_agent(model=model), robot={"gain": 0.6})
    assert made.log.records[ONSET - 1].gate_open
    record = made.log.records[ONSET]
    assert not record.gate_open
    assert record.mode is Mode.NOMINAL
    np.testing.assert_equal(record.step_norm, wrong.step_norm)
    assert made.log.records[ONSET + 1].gate_open, "one bad step is no reason to stop adapting"


def test_constant_data_harms_nothing() -> None:
    class Lazy(SledModel):
        def returns(
            self, context: Any, observation: Any, actions: Any, lookahead: Any = None
        ) -> Any:
            return -(actions**2).sum(axis=(2, 3))

    made = run(agent=sled_agent(model=Lazy()), ticks=200)
    assert set(made.modes()[5:]) == {Mode.NOMINAL}


def test_an_outlier_in_the_window_closes_the_gate_until_it_has_left() -> None:
    from dataclasses import replace

    from deploy.runtime.link.base import Observation

    def fault(observation: Observation) -> Any:
        if observation.sequence == ONSET:
            # Below what counts as a jump, and twenty times the noise.
            values = observation.values + np.array([0, 0, 8.0, -8.0], np.float32)
            return [(0, replace(observation, values=values))]
        return [(0, observation)]

    made = rig(fault, person=Voice({}), robot={"gain": 0.6}, ticks=200)
    run_logged(made)
    assert made.log.records[ONSET - 1].gate_open
    assert not all(record.gate_open for record in made.log.records[ONSET : ONSET + 20])
    assert set(made.modes()[5:]) <= {Mode.NOMINAL, Mode.HOLD, Mode.FROZEN}
    assert made.log.records[-1].gate_open


def test_a_window_that_is_not_full_is_no_reason_to_wait() -> None:
    made = run(agent=sled_agent(window=50))
    windows = [plan.window for record in made.log.records for plan in record.plans]
    assert windows[1:50] == list(range(1, 50)) or windows[2:50] == list(range(1, 49))
    assert set(made.modes()[5:]) == {Mode.NOMINAL}
