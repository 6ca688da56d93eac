"""Observations that come late, twice, out of order, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import Fault
from tests.deploy.runtime.loop.faults import HOLD_TICKS, ONSET, recovered, run, stopped


def late(periods: int) -> Fault:
    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        return [(periods if observation.sequence >= ONSET else 0, observation)]

    return fault


def test_late_by_one_tick_is_planned_around() -> None:
    made = run(late(1))
    recovered(made, ONSET, 1, doubtful=False)
    record = made.log.records[-1]
    plan = record.plans[-1]
    assert record.plan_row == 0
    assert plan.first_sequence == plan.observation_sequence + 1
    np.testing.assert_array_equal(plan.in_flight[0], made.log.records[-2].command)


@pytest.mark.parametrize("periods", [3, 20])
def test_late_by_more_stops(periods: int) -> None:
    made = run(late(periods))
    stopped(made, ONSET, "control periods old" if periods == 3 else "none arrived")


def test_one_lost_is_bridged_by_the_tail_of_the_plan() -> None:
    made = run(lambda o: [] if o.sequence == ONSET else [(0, o)])
    recovered(made, ONSET, 1, doubtful=False)
    held = made.log.records[ONSET]
    assert held.plan_row == 1
    assert held.plan_age == 0
    before, after = made.log.records[ONSET - 1], made.log.records[ONSET + 1]
    assert before.transition
    assert not after.transition, "the gap makes no transition"
    assert made.log.records[ONSET + 2].transition


@pytest.mark.parametrize("lead", [0, 1])
@pytest.mark.parametrize("lost", [4, 5, 6])
def test_a_few_lost_never_end_safe_by_themselves(lead: int, lost: int) -> None:
    """With a lead the plan after the gap is late too, and SAFE comes in a tick that sees again."""
    made = run(lambda o: [] if ONSET <= o.sequence < ONSET + lost else [(0, o)], lead=lead)
    if lost + lead <= HOLD_TICKS:
        recovered(made, ONSET, lost + lead, doubtful=False)
        return
    safe = made.first(Mode.SAFE)
    assert safe.tick == ONSET + HOLD_TICKS
    assert "observation: none arrived" in safe.reason
    assert made.modes()[-1] is Mode.STOP
    assert made.log.records[-1].usable
    assert Mode.NOMINAL not in made.modes()[safe.tick :]


def test_duplicates_are_not_news() -> None:
    last: list[Observation] = []

    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        if ONSET <= observation.sequence < ONSET + 2:
            return [(0, last[-1])]
        last.append(observation)
        return [(0, observation)]

    recovered(run(fault), ONSET, 2, doubtful=False)


def test_nothing_but_duplicates_stops() -> None:
    last: list[Observation] = []

    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        if observation.sequence < ONSET:
            last[:] = [observation]
        return [(0, last[0])]

    stopped(run(fault), ONSET, "duplicate")


def test_neighbours_that_change_places_for_good_stop() -> None:
    held: list[Observation] = []

    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        if observation.sequence < ONSET:
            return [(0, observation)]
        if observation.sequence % 2 == 0:
            held[:] = [observation]
            return []
        return [(0, observation), (1, held[0])]

    made = run(fault)
    safe = made.first(Mode.SAFE)
    assert ONSET < safe.tick <= ONSET + 15
    assert any("out of order" in record.reason for record in made.log.records)
    assert made.modes()[-1] is Mode.STOP


def test_an_old_one_that_overtook_nobody_is_dropped() -> None:
    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        number = observation.sequence
        if number == ONSET:
            return [(2, observation)]
        return [] if number == ONSET + 2 else [(0, observation)]

    made = run(fault)
    modes = made.modes()
    assert modes[ONSET : ONSET + 4] == [Mode.HOLD, Mode.NOMINAL, Mode.HOLD, Mode.NOMINAL]
    assert "out of order" in made.log.records[ONSET + 2].reason
    assert set(modes[ONSET + 4 :]) == {Mode.NOMINAL}


def test_every_other_one_missing_is_too_many() -> None:
    made = run(lambda o: [] if o.sequence >= ONSET and o.sequence % 2 else [(0, o)])
    assert made.first(Mode.SAFE).tick <= ONSET + 15
    assert made.modes()[-1] is Mode.STOP
