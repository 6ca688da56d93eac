"""Faults of the robot's observations, one by one: mode reached, ticks to react, last command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.checks import WARM
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import (
    NAMES,
    SAFE,
    Fault,
    Keep,
    Rig,
    Voice,
    rig,
    run_logged,
)

ONSET = 60
"""Number of the first observation that the fault touches; observation n comes in tick n."""

HOLD_TICKS = 5
THAW_TICKS = 20


def from_onset(change: Callable[[Observation], Observation], count: int = 10**6) -> Fault:
    """A fault of the contents, for `count` observations."""

    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        touched = ONSET <= observation.sequence < ONSET + count
        return [(0, change(observation) if touched else observation)]

    return fault


def with_value(channel: int, value: float) -> Callable[[Observation], Observation]:
    def change(observation: Observation) -> Observation:
        values = observation.values.copy()
        values[channel] = value
        return replace(observation, values=values)

    return change


def run(fault: Fault, **options: Any) -> Rig:
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


# Late and missing.


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


def test_a_lost_link_that_comes_back_does_not_arm() -> None:
    made = run(lambda o: [] if ONSET <= o.sequence < ONSET + 25 else [(0, o)])
    stopped(made, ONSET, "none arrived")
    assert made.log.records[-1].usable, "it is back"


def test_a_person_arms_again_when_the_link_is_back() -> None:
    voice = Voice({ONSET + 20: "arm", ONSET + 40: "arm"})
    made = run(lambda o: [] if ONSET <= o.sequence < ONSET + 25 else [(0, o)], person=voice)
    modes = made.modes()
    assert modes[ONSET + 21] is Mode.STOP, "without an observation nothing can be armed"
    assert set(modes[ONSET + 40 :]) == {Mode.NOMINAL}
    assert made.log.records[ONSET + 40].plans[0].window == 0, "what was learned is forgotten"


def test_a_loss_shorter_than_the_hold_is_borne() -> None:
    made = run(lambda o: [] if ONSET <= o.sequence < ONSET + HOLD_TICKS else [(0, o)])
    recovered(made, ONSET, HOLD_TICKS, doubtful=False)


def test_without_anybody_present_a_stop_ends_the_run() -> None:
    made = rig(lambda o: [] if o.sequence >= ONSET else [(0, o)], ticks=None)
    ending = run_logged(made)
    assert ending.safe
    assert ending.reason == "observation: none arrived"
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)


# Doubtful.


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1e30])
@pytest.mark.parametrize("channel", range(len(NAMES)))
def test_a_wrong_number_once(channel: int, value: float) -> None:
    made = run(from_onset(with_value(channel, value), 1))
    recovered(made, ONSET, 1, doubtful=True)
    assert NAMES[channel] in made.log.records[ONSET].reason


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e6])
@pytest.mark.parametrize("channel", range(len(NAMES)))
def test_a_wrong_number_for_good(channel: int, value: float) -> None:
    stopped(run(from_onset(with_value(channel, value))), ONSET, NAMES[channel])


@pytest.mark.parametrize(("channel", "size"), [(0, 5.0), (3, 15.0)])
def test_a_spike_inside_the_range_is_a_jump(channel: int, size: float) -> None:
    made = run(from_onset(with_value(channel, size), 1))
    recovered(made, ONSET, 1, doubtful=True)
    assert f"{NAMES[channel]} jumped by" in made.log.records[ONSET].reason


def test_nothing_is_learned_while_frozen_and_the_window_is_emptied() -> None:
    made = run(from_onset(with_value(0, np.nan), 1))
    plans = {record.tick: record.plans[0] for record in made.log.records if record.plans}
    assert plans[ONSET - 1].window == 8
    assert not plans[ONSET - 1].frozen
    assert all(plans[tick].frozen for tick in range(ONSET + 1, ONSET + THAW_TICKS))
    assert {plans[tick].window for tick in range(ONSET + 1, ONSET + THAW_TICKS)} == {0}
    assert not any(plans[tick].gate_open for tick in range(ONSET + 1, ONSET + THAW_TICKS))
    assert plans[ONSET + THAW_TICKS + 10].window == 8


def test_frozen_with_fresh_stamps() -> None:
    kept: list[np.ndarray] = []

    def freeze(observation: Observation) -> Observation:
        kept.append(observation.values)
        return replace(observation, values=kept[0])

    # Three alike, the first of them genuine.
    stopped(run(from_onset(freeze)), ONSET + 2, "frozen for 8")


@pytest.mark.parametrize("channel", range(len(NAMES)))
def test_a_stuck_sensor_suspends_adaptation_then_stops(channel: int) -> None:
    kept: list[np.ndarray] = []

    def stick(observation: Observation) -> Observation:
        kept.append(observation.values)
        values = observation.values.copy()
        values[channel] = kept[0][channel]
        return replace(observation, values=values)

    made = run(from_onset(stick))
    frozen = made.first(Mode.FROZEN)
    assert frozen.tick == ONSET + 9
    assert frozen.reason == f"observation: {NAMES[channel]} stuck for 10 control periods"
    stopped(made, ONSET + 19, f"{NAMES[channel]} stuck")


# Who is it that speaks?


@pytest.mark.parametrize("alike", [True, False])
def test_two_publishers(alike: bool) -> None:
    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        if observation.sequence < ONSET or observation.sequence % 2 == 0:
            return [(0, observation)]
        values = observation.values if alike else observation.values + np.float32(20)
        other = replace(
            observation,
            sequence=observation.sequence + 1000,
            stamp_ns=observation.stamp_ns + 123_456_789,
            values=values,
        )
        return [(0, other)]

    made = run(fault)
    assert ONSET < made.first(Mode.SAFE).tick <= ONSET + 15
    assert made.modes()[-1] is Mode.STOP


def test_another_commander_is_noticed() -> None:
    made = rig(person=Voice({}))
    made.robot.say_applied = lambda sequence: (
        sequence + 500 if made.robot.number >= ONSET else sequence
    )
    run_logged(made)
    safe = made.first(Mode.SAFE)
    assert safe.tick == ONSET + 2, "three answers to commands that we never sent"
    assert "we sent none after" in safe.reason
    assert made.modes()[-1] is Mode.STOP


def test_another_control_period_than_the_bundle_says() -> None:
    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        stretched = observation.stamp_ns + observation.sequence * 5_000_000
        return [(0, replace(observation, stamp_ns=stretched))]

    made = rig(fault, person=Voice({}))
    run_logged(made)
    # From the first tick on a period is 0.025 s: WARM changes pass before it is judged.
    safe = made.first(Mode.SAFE)
    assert safe.tick == WARM + 1 + HOLD_TICKS
    assert safe.reason.startswith("observation: control period 0.02")
    assert made.modes()[-1] is Mode.STOP
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)


def test_the_wrong_number_of_channels() -> None:
    made = run(from_onset(lambda o: replace(o, values=o.values[:3])))
    stopped(made, ONSET, "(3,) values, not 4")


def test_a_robot_that_falls() -> None:
    made = run(from_onset(lambda o: replace(o, fallen=True)))
    assert made.first(Mode.SAFE).tick == ONSET
    assert made.modes()[-1] is Mode.STOP
    on = run(from_onset(lambda o: replace(o, fallen=True)), stop_on_fall=False)
    assert on.modes()[-1] is Mode.NOMINAL


def test_a_real_robot_that_starts_anew_is_stopped() -> None:
    made = run(from_onset(lambda o: replace(o, reset=True), 1))
    safe = made.first(Mode.SAFE)
    assert (safe.tick, safe.reason) == (ONSET, "the robot started anew")
    assert made.modes()[-1] is Mode.STOP


@pytest.mark.parametrize("lead", [0, 1])
def test_a_simulated_robot_may_be_reset(lead: int) -> None:
    made = run(
        from_onset(lambda o: replace(o, reset=True), 1), robot={"simulated": True}, lead=lead
    )
    assert set(made.modes()[ONSET + 2 :]) == {Mode.NOMINAL}
    plans = [plan for record in made.log.records[ONSET:] for plan in record.plans]
    assert plans[lead].window == 0
    assert not made.log.records[ONSET].transition
    assert plans[lead + 3].window == 3


def test_the_wall_clock_means_nothing() -> None:
    def commands(jump: int) -> np.ndarray:
        made = rig(person=Voice({}))
        ticks = iter(range(10**6))
        made.shield._wall_ns = lambda: 10**18 + (jump if next(ticks) >= ONSET else 0)
        run_logged(made)
        assert made.log.records[ONSET].wall_ns == 10**18 + jump
        assert made.modes()[-1] is Mode.NOMINAL
        return np.array([command.values for command in made.robot.commands])

    hour = 3600 * 10**9
    np.testing.assert_array_equal(commands(0), commands(hour))
    np.testing.assert_array_equal(commands(0), commands(-hour))


def test_a_link_that_breaks_is_the_end() -> None:
    from tests.deploy.runtime.loop.fakes import broken_link

    made = rig(person=None)

    class Break(Keep):
        def record(self, record: Any) -> None:
            if record.tick == ONSET - 1:
                made.robot.read_error = broken_link("link: the robot refused us")

    made.session._sinks.append(Break())
    ending = run_logged(made)
    assert ending.safe
    assert ending.reason == "link: the robot refused us"
    assert made.first(Mode.SAFE).tick == ONSET
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)


def test_a_link_that_cannot_be_written_to() -> None:
    made = rig(person=None)

    class Break(Keep):
        def record(self, record: Any) -> None:
            if record.tick == ONSET - 1:
                made.robot.write_error = OSError(101, "Network is unreachable")

    made.session._sinks.append(Break())
    ending = run_logged(made)
    assert ending.safe
    assert "Network is unreachable" in ending.reason
    assert made.first(Mode.SAFE).tick == ONSET + 1
    assert len(made.robot.commands) == ONSET, "the rest is for the robot's watchdog"
