"""The robot falls, starts anew, or tells too few channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from deploy.runtime.link.base import Observation, RobotLink
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import SAFE, Rig, Robot, Voice, rig, run_logged
from tests.deploy.runtime.loop.faults import ONSET, from_onset, recovered, run, stopped
from tests.deploy.runtime.loop.test_start import FakeBundle

CUTS = pytest.mark.parametrize(
    ("cut", "words"),
    [
        (lambda o: replace(o, values=o.values[:3]), "3 values, not 4"),
        (lambda o: replace(o, values=np.append(o.values, 0)), "5 values, not 4"),
        (lambda o: replace(o, applied=o.applied[:1]), "1 applied actions, not 2"),
    ],
)


def attached(robot: Robot) -> RobotLink:
    """The link that `run` reads: the robot's, as its bundle sees it."""
    return FakeBundle().attach(robot)


@CUTS
def test_the_wrong_number_of_channels(
    cut: Callable[[Observation], Observation], words: str
) -> None:
    stopped(run(from_onset(cut), wrap=attached), ONSET, words)


@CUTS
def test_the_wrong_number_of_channels_once(
    cut: Callable[[Observation], Observation], words: str
) -> None:
    made = run(from_onset(cut, 1), wrap=attached)
    assert words in made.log.records[ONSET].reason
    recovered(made, ONSET, 1, doubtful=True)


def test_after_one_of_the_wrong_size_too_many_a_person_arms_again() -> None:
    cut = from_onset(lambda o: replace(o, values=o.values[:3]), 10)
    made = run(cut, wrap=attached, person=Voice({ONSET + 40: "arm"}))
    assert made.modes()[ONSET + 39] is Mode.STOP
    assert made.modes()[-1] is Mode.NOMINAL


@pytest.mark.parametrize("simulated", [True, False])
def test_a_start_anew_that_cannot_be_used_is_no_reason_to_break(simulated: bool) -> None:
    """Number and clock begin anew with it, so its successor looks as old as one long before."""

    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        if observation.sequence < 2:
            return [(0, observation)]
        number = observation.sequence - 2
        values = np.where(number == 0, np.nan, observation.values).astype(np.float32)
        other = replace(
            observation, sequence=number, stamp_ns=number * 20_000_000, reset=number == 0,
            values=values,
        )  # fmt: skip
        return [(0, other)]

    made = rig(fault, ticks=100, person=Voice({60: "arm"}), robot={"simulated": simulated})
    made.run()
    assert made.modes()[59] is (Mode.NOMINAL if simulated else Mode.STOP)
    assert made.modes()[-1] is Mode.NOMINAL


def test_a_robot_that_falls() -> None:
    made = run(from_onset(lambda o: replace(o, fallen=True)))
    assert made.first(Mode.SAFE).tick == ONSET
    assert made.modes()[-1] is Mode.STOP
    on = run(from_onset(lambda o: replace(o, fallen=True)), stop_on_fall=False)
    assert on.modes()[-1] is Mode.NOMINAL


def fallen_until_commanded() -> Rig:
    """A robot that a commander before us left on the ground; the first command sets it back."""
    begun = False

    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        nonlocal begun
        reset = not begun and observation.applied_sequence >= 0
        begun |= reset
        if reset:  # it takes a period to begin
            observation = replace(observation, applied=SAFE, applied_sequence=-1)
        return [(0, replace(observation, fallen=not begun, reset=reset))]

    voice = Voice({300: "stop"})
    return rig(fault, person=voice, robot={"simulated": True, "transport": 1})


def test_a_simulated_robot_that_was_left_on_the_ground_can_be_armed() -> None:
    made = fallen_until_commanded()
    run_logged(made)
    assert set(made.modes()[10:]) == {Mode.NOMINAL}


def test_one_that_falls_under_our_commands_cannot() -> None:
    made = run(
        from_onset(lambda o: replace(o, fallen=True)),
        robot={"simulated": True}, person=Voice({ONSET + 40: "arm"}),
    )  # fmt: skip
    assert made.first(Mode.SAFE).tick == ONSET
    assert made.modes()[-1] is Mode.STOP
    assert made.log.records[-1].reason == "arming refused: the robot has fallen"


def test_a_real_robot_that_starts_anew_is_stopped() -> None:
    made = run(from_onset(lambda o: replace(o, reset=True), 1))
    safe = made.first(Mode.SAFE)
    assert (safe.tick, safe.reason) == (ONSET, "the robot started anew")
    assert made.modes()[-1] is Mode.STOP


def test_commands_sent_blind_after_a_start_anew_say_nothing_of_the_delay() -> None:
    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        blind = ONSET <= observation.sequence < ONSET + 3
        values = observation.values * np.float32(np.nan if blind else 1)
        reset = observation.sequence == ONSET
        return [(0, replace(observation, values=values, reset=reset))]

    robot = {"simulated": True, "transport": 3}
    made = run(fault, robot=robot, valid_ticks=8, ticks=200)
    assert {record.delay for record in made.log.records[ONSET:]} == {3}
    assert set(made.modes()[ONSET + 40 :]) == {Mode.NOMINAL}


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
