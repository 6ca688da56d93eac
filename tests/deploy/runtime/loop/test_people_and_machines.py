"""What comes from outside: a person arms or stops, a signal ends it, the disk is full."""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from deploy.runtime.loop.record import Mode, TickRecord
from deploy.runtime.loop.session import stop_signals
from tests.deploy.runtime.loop.fakes import SAFE, Voice, rig, run_logged
from tests.deploy.runtime.loop.faults import ONSET, At


def test_nothing_moves_before_it_is_armed() -> None:
    made = rig(arm=False, person=Voice({ONSET: "arm"}))
    run_logged(made)
    assert {record.reason for record in made.log.records[:ONSET]} == {"not armed"}
    assert not any(record.armed for record in made.log.records[:ONSET])
    assert made.robot.commands[0].stamp_ns == made.log.records[ONSET].written_ns
    assert made.modes()[-1] is Mode.NOMINAL


def test_who_asks_to_arm_what_cannot_be_seen_is_told_why() -> None:
    voice = Voice({ONSET: "arm", ONSET + 20: "arm"})
    made = rig(
        lambda o: [] if ONSET - 5 <= o.sequence < ONSET + 5 else [(0, o)], arm=False, person=voice
    )
    run_logged(made)
    told = "arming refused: observation: none arrived"
    assert {record.reason for record in made.log.records[ONSET : ONSET + 20]} == {told}
    changes = made.accounts.summary()["modes"]
    assert [change["reason"] for change in changes][:2] == ["not armed", told]
    assert made.modes()[-1] is Mode.NOMINAL


@pytest.mark.parametrize("present", [True, False])
def test_a_run_that_cannot_be_armed_ends_if_nobody_is_there(present: bool) -> None:
    """A real robot that lies on the ground is set up by people."""
    person = Voice({900: "stop"}) if present else None
    made = rig(lambda o: [(0, replace(o, fallen=True))], ticks=10, person=person)
    ending = run_logged(made)
    assert made.robot.commands == []
    reason = "arming refused: the robot has fallen"
    assert ending.safe is not present
    assert ending.reason == ("stopped at the terminal" if present else f"{reason}, for 10 s")
    assert made.log.records[-1].tick == (900 if present else 500)
    assert made.accounts.summary()["modes"][-1]["reason"] == reason


def test_without_a_terminal_and_without_the_flag_nothing_is_sent() -> None:
    made = rig(arm=False, readonly=True)
    ending = run_logged(made)
    assert not ending.safe
    assert made.robot.commands == []
    assert not any(record.armed for record in made.log.records)
    assert made.modes()[-1] is Mode.NOMINAL, "the mode that would be"
    assert np.isfinite(made.log.records[-1].command).all()


def test_readonly_cannot_be_armed() -> None:
    made = rig(arm=True, readonly=True, person=Voice({ONSET: "arm"}))
    run_logged(made)
    assert made.robot.commands == []


def test_stop_at_the_terminal() -> None:
    made = rig(person=Voice({ONSET: "stop"}), ticks=None)
    ending = run_logged(made)
    assert (ending.reason, ending.safe) == ("stopped at the terminal", False)
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_with_the_safe_action(number: signal.Signals) -> None:
    made = rig(ticks=None)
    made.session._sinks.append(At(ONSET, lambda: os.kill(os.getpid(), number)))
    with stop_signals(made.session.stop):
        ending = run_logged(made)
    assert (ending.reason, ending.safe) == (number.name, False)
    before = made.log.records[ONSET].command
    last = [command.values for command in made.robot.commands[ONSET:]]
    np.testing.assert_array_equal(last[-1], SAFE)
    assert 2 <= len(last) <= 16, "ramped"
    assert np.abs(last[0] - before).max() <= 0.5


@pytest.mark.parametrize("ignored", [False, True])
def test_a_lost_terminal_ends_a_run_but_not_under_nohup(ignored: bool) -> None:
    made = rig()
    made.session._sinks.append(At(ONSET, lambda: os.kill(os.getpid(), signal.SIGHUP)))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        with stop_signals(made.session.stop):
            ending = run_logged(made)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert ending.reason == ("the time is up" if ignored else "SIGHUP")


def test_a_full_disk_stops_the_log_and_not_the_robot() -> None:
    class Full:
        def record(self, record: TickRecord) -> None:
            if record.tick >= ONSET:
                raise OSError(errno.ENOSPC, "No space left on device")

    made = rig(sinks=[Full()])
    ending = run_logged(made)
    assert "No space left on device" in ending.lost_sinks[0]
    assert made.modes()[-1] is Mode.NOMINAL
    assert len(made.log.records) == made.accounts.ticks
