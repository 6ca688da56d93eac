"""What comes from outside: a person arms or stops, a signal ends it, the disk is full."""

from __future__ import annotations

import errno
import os
import signal

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
