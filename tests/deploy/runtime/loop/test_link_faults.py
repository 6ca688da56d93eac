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


def breaks(**errors: Exception) -> Rig:
    """A run whose link raises from `ONSET` on; `read_error` or `write_error`."""
    made = rig(person=None)

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
