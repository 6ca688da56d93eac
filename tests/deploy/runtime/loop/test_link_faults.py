"""The link is lost, comes back, breaks, or somebody else is on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import SAFE, Keep, Rig, Voice, broken_link, rig, run_logged
from tests.deploy.runtime.loop.faults import HOLD_TICKS, ONSET, recovered, run, stopped


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


def breaks(person: Voice | None = None, arm: bool = True, **errors: Exception) -> Rig:
    """A run whose link raises from `ONSET` on; `read_error` or `write_error`."""
    made = rig(person=person, arm=arm)

    class Break(Keep):
        def record(self, record: Any) -> None:
            if record.tick == ONSET - 1:
                for name, error in errors.items():
                    setattr(made.robot, name, error)

    made.session._sinks.append(Break())
    return made


def test_a_link_that_breaks_is_the_end() -> None:
    made = breaks(read_error=broken_link("link: the robot refused us"))
    ending = run_logged(made)
    assert ending.safe
    assert ending.reason == "link: the robot refused us"
    assert made.first(Mode.SAFE).tick == ONSET
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)


@pytest.mark.parametrize("arm", [True, False])
def test_it_is_the_end_even_if_somebody_is_there(arm: bool) -> None:
    """Nothing that is typed brings a broken link back."""
    made = breaks(Voice({300: "stop"}), arm, read_error=broken_link("link: the robot refused us"))
    ending = run_logged(made)
    assert (ending.reason, ending.safe) == ("link: the robot refused us", True)
    assert ONSET <= made.log.records[-1].tick < ONSET + 20


def test_a_link_that_cannot_be_written_to() -> None:
    made = breaks(write_error=OSError(101, "Network is unreachable"))
    ending = run_logged(made)
    assert ending.safe
    assert "Network is unreachable" in ending.reason
    assert made.first(Mode.SAFE).tick == ONSET + 1
    assert len(made.robot.commands) == ONSET, "the rest is for the robot's watchdog"


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


def counts(start: int, number: int) -> int:
    """Of a commander that began with `start`, in the robot's period `number`."""
    return start + number - ONSET


@pytest.mark.parametrize("start", [0, 5, ONSET - 5])
def test_another_commander_with_a_lower_count_is_noticed(start: int) -> None:
    made = rig(person=Voice({}))
    robot = made.robot
    robot.say_applied = lambda sequence: (
        counts(start, robot.number) if robot.number >= ONSET else sequence
    )
    run_logged(made)
    safe = made.first(Mode.SAFE)
    assert safe.tick == ONSET + 2, "three answers to commands that were not ours"
    assert "link: the robot" in safe.reason
    assert made.modes()[-1] is Mode.STOP


def test_another_commander_who_was_there_before_us_is_noticed() -> None:
    """None of ours ever acted, so nothing falls: theirs are too old to be ours."""
    made = rig(person=Voice({}), arm=False)
    made.session._person = Voice({30: "arm"})
    made.robot.say_applied = lambda sequence: 0
    run_logged(made)
    assert 30 < made.first(Mode.SAFE, after=31).tick <= 30 + 15
    assert "can act" in made.first(Mode.SAFE, after=31).reason


def test_another_commander_with_our_own_count_is_noticed_by_what_acted() -> None:
    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        if observation.sequence < ONSET:
            return [(0, observation)]
        other = np.where(observation.applied > 0, -0.9, 0.9).astype(np.float32)
        return [(0, replace(observation, applied=other))]

    made = rig(fault, person=Voice({}))
    run_logged(made)
    safe = made.first(Mode.SAFE)
    assert ONSET < safe.tick <= ONSET + 10
    assert "the robot's motors were given other than our command" in safe.reason
    assert made.modes()[-1] is Mode.STOP


@pytest.mark.parametrize("transport", [0, 2, 5])
@pytest.mark.parametrize("lost", [1, 3])
def test_a_command_that_is_lost_or_slow_is_no_other_commander(transport: int, lost: int) -> None:
    """The robot goes on with the one before for as long as that is valid."""
    made = rig(person=Voice({}), robot={"transport": transport}, valid_ticks=transport + 4)
    write = made.robot.write

    def lossy(command: Any) -> None:
        if command.sequence % 10 >= lost:
            write(command)

    made.robot.write = lossy
    made.run()
    assert set(made.modes()[5:]) == {Mode.NOMINAL}


@pytest.mark.parametrize("deaf", [5, 8])
def test_a_robot_that_hears_us_again_goes_on_from_its_safe_action(deaf: int) -> None:
    """Its watchdog had put it there; what we would have sent meanwhile is far from that."""
    step = 0.05
    made = rig(person=Voice({}), bounds={"action_step": np.full(2, step, np.float32)})
    write = made.robot.write

    def lossy(command: Any) -> None:
        if not 12 <= made.robot.number < 12 + deaf:
            write(command)

    made.robot.write = lossy
    run_logged(made)
    assert set(made.modes()[5:]) == {Mode.NOMINAL}
    applied = [(record.applied_sequence, record.applied) for record in made.log.records]
    left = [number for number, (answer, _) in enumerate(applied) if answer < 0 and number > 5]
    assert 0 < len(left) < deaf
    assert np.abs(applied[left[0] - 1][1] - SAFE).max() > 4 * step, "by its watchdog"
    assert np.abs(applied[left[-1] + 1][1] - SAFE).max() <= step + 1e-6, "by us"


def test_what_acted_may_be_a_mean_of_our_commands() -> None:
    """As a link to a real robot says it, or one that limits the rate of its motors itself."""
    mean = SAFE

    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        nonlocal mean
        mean = (0.6 * observation.applied + 0.4 * mean).astype(np.float32)
        return [(0, replace(observation, applied=mean))]

    run(fault)
