"""What was wrong once does not spoil what comes after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.checks import BELIEVE_AFTER
from deploy.runtime.loop.lateness import LATELY, PROMPT, Lateness
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import NAMES, Fault, Voice
from tests.deploy.runtime.loop.faults import HOLD_TICKS, ONSET, from_onset, recovered, run, stopped

MS = 1_000_000


def shifted(size: float) -> Callable[[Observation], Observation]:
    """Its first channel, by `size`."""

    def change(observation: Observation) -> Observation:
        values = observation.values.copy()
        values[0] += np.float32(size)
        return replace(observation, values=values)

    return change


def lost(periods: int, then: Callable[[Observation], Observation]) -> Fault:
    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        if ONSET <= observation.sequence < ONSET + periods:
            return []
        return [(0, observation if observation.sequence < ONSET else then(observation))]

    return fault


def test_a_robot_that_moved_while_the_link_was_lost_can_be_armed() -> None:
    """4 m in a period are a jump, in 25 periods they are not."""
    made = run(lost(25, shifted(4.0)), person=Voice({ONSET + 40: "arm"}))
    assert made.modes()[ONSET + 39] is Mode.STOP
    assert set(made.modes()[ONSET + 40 :]) == {Mode.NOMINAL}
    assert all(record.usable for record in made.log.records[ONSET + 25 :])


def test_a_jump_for_good_stops_and_is_believed_then() -> None:
    made = run(from_onset(shifted(15.0)), person=Voice({ONSET + 40: "arm"}))
    assert f"{NAMES[0]} jumped by" in made.first(Mode.SAFE).reason
    assert made.first(Mode.SAFE).tick == ONSET + 5
    assert made.modes()[ONSET + 39] is Mode.STOP
    usable = [record.usable for record in made.log.records[ONSET:]]
    assert not any(usable[:9]), "until ten in a row agree"
    assert all(usable[9:])
    assert made.modes()[-1] is Mode.NOMINAL, "a person armed it"


def test_jumps_that_do_not_agree_are_never_believed() -> None:
    def wild(observation: Observation) -> Observation:
        return shifted(15.0 if observation.sequence % 2 else -15.0)(observation)

    made = run(from_onset(wild))
    stopped(made, ONSET, f"{NAMES[0]} jumped by")
    assert not any(record.usable for record in made.log.records[ONSET:])


@pytest.mark.parametrize("ahead_ms", [10, 200])
@pytest.mark.parametrize("value", [0.0, np.nan])
def test_one_stamp_that_is_ahead_makes_no_other_late(ahead_ms: int, value: float) -> None:
    def ahead(observation: Observation) -> Observation:
        values = observation.values + np.float32(value)
        return replace(observation, stamp_ns=observation.stamp_ns + ahead_ms * MS, values=values)

    made = run(from_onset(ahead, 1))
    doubtful = bool(np.isnan(value))
    bad = 1 if doubtful or ahead_ms > 30 else 0
    if bad:
        recovered(made, ONSET, bad, doubtful=doubtful)
    assert made.modes()[-1] is Mode.NOMINAL
    assert all(record.usable for record in made.log.records[ONSET + 1 :])
    if bad and not doubtful:
        words = "observation: its stamp is 10.0 control periods ahead"
        assert made.log.records[ONSET].reason == words


def test_a_clock_that_was_set_ahead_is_believed_when_three_agree() -> None:
    made = run(
        from_onset(lambda o: replace(o, stamp_ns=o.stamp_ns + 200 * MS)),
        person=Voice({ONSET + 50: "arm"}), ticks=160,
    )  # fmt: skip
    assert made.modes()[-1] is Mode.NOMINAL


def reborn(observation: Observation) -> Observation:
    """Counts and stamps from nothing again, without the flag that says so."""
    number = observation.sequence - ONSET
    return replace(observation, sequence=number, stamp_ns=number * 20 * MS)


def set_back(observation: Observation) -> Observation:
    return replace(observation, stamp_ns=observation.stamp_ns - 500 * MS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (set_back, "observation: its stamp is not newer than the one before"),
        (reborn, f"observation: out of order, number 0 after {ONSET - 1}"),
    ],
)
def test_a_clock_or_a_count_that_begins_anew_stops_and_is_believed_then(
    change: Callable[[Observation], Observation], reason: str
) -> None:
    made = run(from_onset(change), person=Voice({ONSET + 60: "arm"}), ticks=200)
    records = made.log.records
    assert records[ONSET].mode is Mode.HOLD
    assert records[ONSET].reason == reason
    assert made.first(Mode.SAFE).tick == ONSET + HOLD_TICKS
    usable = [record.usable for record in records[ONSET:]]
    assert not any(usable[: BELIEVE_AFTER - 1])
    assert all(usable[BELIEVE_AFTER - 1 :])
    believed = records[ONSET + BELIEVE_AFTER - 1]
    assert believed.mode is Mode.SAFE
    assert believed.epoch == records[ONSET].epoch + 1, "what was learned before is void"
    assert made.modes()[ONSET + 59] is Mode.STOP, "it does not arm by itself"
    assert made.modes()[-1] is Mode.NOMINAL, "a person armed it"


def test_old_observations_that_do_not_follow_each_other_are_never_believed() -> None:
    def uneven(observation: Observation) -> Observation:
        back = 500 if observation.sequence % 2 else 900
        return replace(observation, stamp_ns=observation.stamp_ns - back * MS)

    made = run(from_onset(uneven), ticks=ONSET + 24)  # until the stamps are newer after all
    assert not any(record.usable for record in made.log.records[ONSET:])


def observed(stamp_ms: float, received_ms: float) -> Observation:
    nothing = np.zeros(0, np.float32)
    return Observation(0, round(stamp_ms * MS), round(received_ms * MS), nothing, nothing, -1)


def test_the_promptest_three_say_how_far_the_clocks_are_apart() -> None:
    lateness = Lateness()
    late_ms = [50.0, 0.0, 0.0, *(5.0 * (number % 4) for number in range(2 * LATELY))]
    ages = []
    for number, late in enumerate(late_ms):
        observation = observed(20 * number, 20 * number + 1000 + late)
        lateness.take(observation)
        ages.append(lateness.age_ns(observation, observation.received_ns) / MS)
    # As long as no three agree the latest counts: the first was that.
    assert ages[: PROMPT + 1] == pytest.approx([0, -50, -50, 0], abs=0.01)
    assert ages[PROMPT:] == pytest.approx(late_ms[PROMPT:], abs=0.01)


def test_the_first_stamp_may_be_wrong_as_well() -> None:
    lateness = Lateness()
    for number in range(6):
        ahead = 200 if number == 0 else 0
        observation = observed(20 * number + ahead, 20 * number + 1000)
        lateness.take(observation)
        age = lateness.age_ns(observation, observation.received_ns)
        assert age == pytest.approx(0, abs=0.01 * MS)
