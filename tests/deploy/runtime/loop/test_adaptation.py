"""Which adaptation steps are believed: what is usual is learned, and learned anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from deploy.runtime.loop.adaptation import SoundModel
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import sled_agent
from tests.deploy.runtime.loop.faults import run
from tests.deploy.runtime.loop.test_gate_faults import Report, Telling


@dataclass
class Told:
    """A model that adapts as it is told."""

    last_adaptation: Report

    def adapt(self, window: Any) -> str:
        return "adapted"

    def prior_context(self, batch: int) -> str:
        return "prior"


def believed(*norms: float) -> list[bool]:
    """Whether each of the steps is believed, one after another."""
    model = Told(Report(1.0, 0.5, 0.0))
    sound: Any = SoundModel(model)  # pyright: ignore[reportArgumentType]
    found = []
    for norm in norms:
        model.last_adaptation = Report(1.0, 0.5, norm)
        found.append(sound.adapt(None) == "adapted")
    return found


def test_one_step_far_greater_than_the_usual_is_refused() -> None:
    assert believed(*[0.1] * 30, 2.5, 0.1) == [True] * 30 + [False, True]


@pytest.mark.parametrize("empty", [1, 10, 50])
def test_steps_from_an_empty_window_say_nothing_of_what_is_usual(empty: int) -> None:
    assert all(believed(*[0.0] * empty, *[0.1] * 50))


@pytest.mark.parametrize(("growth", "most"), [(25, 3), (100, 15), (1e4, 50), (1e12, 200)])
def test_what_stays_greater_is_the_usual_after_some_plans(growth: float, most: int) -> None:
    found = believed(*[0.1] * 200, *[0.1 * growth] * 300)
    after = found[200:]
    assert not after[0]
    refused = after.index(True)
    assert refused <= most
    assert all(after[refused:]), "and stays so"


def test_an_infinite_step_does_not_become_usual() -> None:
    assert believed(*[0.1] * 20, *[np.inf] * 50, 2.5, 0.1)[-52:] == [False] * 51 + [True]


def test_a_run_that_begins_without_transitions_adapts_later() -> None:
    model = Telling(lambda call: Report(1.0, 1.0, 0.0) if call < 15 else Report(1.0, 0.5, 1.0))
    made = run(agent=sled_agent(model=model), robot={"gain": 0.6}, ticks=200)
    assert set(made.modes()[5:]) == {Mode.NOMINAL}
    gates = [record.gate_open for record in made.log.records[20:]]
    assert np.mean(gates) > 0.5
